import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineTasks } from '../tasks/table.ts'
import type { defineUsers } from '../users/table.ts'

export const defineComments = (k: Kit, users: ReturnType<typeof defineUsers>, tasks: ReturnType<typeof defineTasks>) =>
  k.table(
    'comments',
    {
      id: k.id(),
      /** The owner of the task. */
      userId: k.reference().notNull(),
      taskId: k.reference().notNull(),
      body: k.text().notNull(),
      createdAt: k.timestamp().notNull(),
      updatedAt: k.timestamp().notNull(),
      changeSeq: k.reference().notNull(),
    },
    (t) => [
      k.cascade('comments_user_fk', t.userId, users.id),
      k.cascade('comments_task_fk', t.taskId, tasks.id),
      k.index('comments_task_idx', t.taskId, t.id),
      k.index('comments_user_changed_idx', t.userId, t.changeSeq, t.id),
    ],
  )

export type CommentRow = Row<ReturnType<typeof defineComments>>
