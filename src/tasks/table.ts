import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const taskStatuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const

export const defineTasks = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'tasks',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      title: k.string(500).notNull(),
      description: k.text(),
      status: k.string(16).$type<(typeof taskStatuses)[number]>().notNull(),
      createdAt: k.timestamp().notNull(),
      updatedAt: k.timestamp().notNull(),
      completedAt: k.timestamp(),
    },
    (t) => [
      k.cascade('tasks_user_fk', t.userId, users.id),
      k.index('tasks_user_id_idx', t.userId, t.id),
      k.oneOf('tasks_status_check', t.status, taskStatuses),
    ],
  )
