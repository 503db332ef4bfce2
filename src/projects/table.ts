import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const defineProjects = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'projects',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      name: k.string(120).notNull(),
      color: k.string(7),
      position: k.key(64).notNull(),
      /** Whether this is the project of the tasks that are in no other: everybody has one, and it stays. */
      isInbox: k.boolean().notNull().default(false),
      archivedAt: k.timestamp(),
      deletedAt: k.timestamp(),
      createdAt: k.timestamp().notNull(),
      updatedAt: k.timestamp().notNull(),
      changeSeq: k.reference().notNull(),
    },
    (t) => [
      k.cascade('projects_user_fk', t.userId, users.id),
      k.index('projects_user_changed_idx', t.userId, t.changeSeq),
    ],
  )

export type ProjectRow = Row<ReturnType<typeof defineProjects>>
