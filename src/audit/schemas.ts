import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp, words } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import { type AuditEvent, auditEvents } from './store.ts'
import type { AuditRow } from './table.ts'

export const Activity = Type.Object(
  {
    id: Id(),
    event: words(auditEvents, { title: 'ActivityEvent', description: 'What happened.', examples: ['logged_in'] }),
    address: nullable(
      Type.String({
        maxLength: 45,
        description: 'The address that it came from; `command line` if the operator did it.',
        examples: ['203.0.113.7'],
      }),
    ),
    created_at: Timestamp({ description: 'When it happened.' }),
  },
  { $id: 'Activity', additionalProperties: false, description: 'An event in the history of an account.' },
)
export type Activity = Static<typeof Activity>

export const presentActivity = (row: AuditRow): Activity => ({
  id: row.id,
  event: row.event as AuditEvent,
  address: row.address,
  created_at: formatTime(row.createdAt),
})
