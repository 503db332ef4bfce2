import type { ExportMember } from '../export/members.ts'
import { Activity, presentActivity } from './schemas.ts'
import { listActivity } from './store.ts'
import type { AuditRow } from './table.ts'

export const exportedActivity: ExportMember<AuditRow, typeof Activity> = {
  table: 'auditEvents',
  name: 'activity',
  items: Activity,
  readPage: listActivity,
  present: presentActivity,
}
