import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineTasks } from '../tasks/table.ts'
import type { defineUsers } from '../users/table.ts'

/** What is still to be sent, and when. Tasks keep what was asked for; these rows follow from that. */
export const defineReminders = (k: Kit, users: ReturnType<typeof defineUsers>, tasks: ReturnType<typeof defineTasks>) =>
  k.table(
    'reminders',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      taskId: k.reference().notNull(),
      fireAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('reminders_user_fk', t.userId, users.id),
      k.cascade('reminders_task_fk', t.taskId, tasks.id),
      k.index('reminders_task_idx', t.taskId),
      k.index('reminders_fire_at_idx', t.fireAt),
    ],
  )

export type ReminderRow = Row<ReturnType<typeof defineReminders>>
