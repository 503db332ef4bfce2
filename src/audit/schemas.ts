import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp, words } from '../schemas.ts'
import { formatTime } from '../times.ts'
import { type AuditEvent, type AuditRow, auditEvents } from './store.ts'

export const Activity = Type.Object(
  {
    id: Id(),
    event: words(auditEvents, { description: 'What happened.', examples: ['logged_in'] }),
    address: nullable(
      Type.String({
        maxLength: 45,
        description: 'Where it came from; `command line` when whoever runs the server did it.',
        examples: ['203.0.113.7'],
      }),
    ),
    created_at: Timestamp({ description: 'When it happened.' }),
  },
  { $id: 'Activity', additionalProperties: false, description: 'Something that happened to an account.' },
)
export type Activity = Static<typeof Activity>

export const presentActivity = (row: AuditRow): Activity => ({
  id: row.id,
  event: row.event as AuditEvent,
  address: row.address,
  created_at: formatTime(row.createdAt),
})
