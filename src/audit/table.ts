import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'

/** Events of accounts. Rows outlive their account, without saying whose it was: hence no foreign key. */
export const defineAuditEvents = (k: Kit) =>
  k.table(
    'audit_events',
    {
      id: k.id(),
      userId: k.reference(),
      event: k.string(32).notNull(),
      address: k.string(45),
      createdAt: k.timestamp().notNull(),
    },
    (t) => [k.index('audit_events_user_id_idx', t.userId, t.id), k.index('audit_events_created_at_idx', t.createdAt)],
  )

export type AuditRow = Row<ReturnType<typeof defineAuditEvents>>
