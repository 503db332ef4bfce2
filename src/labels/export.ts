import type { ExportMember } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { Label, presentLabel } from './schemas.ts'
import { listLabels, maxLabels } from './store.ts'
import type { LabelRow } from './table.ts'

export const exportedLabels: ExportMember<LabelRow, typeof Label> = {
  table: 'labels',
  name: 'labels',
  items: Label,
  maxItems: maxLabels,
  readPage: async (db, userId) => onlyPage((await listLabels(db, userId)).toSorted((a, b) => b.id - a.id)),
  present: presentLabel,
}
