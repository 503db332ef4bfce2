import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

/** What is still to be done to many rows: see sweeps.ts. */
export const defineSweeps = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'sweeps',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      kind: k.string(20).notNull(),
      targetId: k.reference().notNull(),
      /** A second thing that the kind needs to know, such as the label that another is merged into. */
      otherId: k.reference(),
      /** When what is swept happened, such as the deletion that is undone. */
      happenedAt: k.timestamp(),
      /** Rows up to this one are done. */
      afterId: k.reference().notNull().default(0),
      /** Not before. */
      dueAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('sweeps_user_fk', t.userId, users.id),
      k.index('sweeps_due_at_idx', t.dueAt),
      k.index('sweeps_user_id_idx', t.userId, t.id),
    ],
  )

export type SweepRow = Row<ReturnType<typeof defineSweeps>>
