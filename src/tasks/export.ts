import type { ExportMember } from '../export/members.ts'
import { readPage } from '../http/paging.ts'
import { presentTask, Task } from './schemas.ts'
import type { TaskRow } from './table.ts'

export const exportedTasks: ExportMember<TaskRow, typeof Task> = {
  table: 'tasks',
  name: 'tasks',
  items: Task,
  readPage: (db, userId, query) =>
    readPage(query, (after, limit) =>
      db.list(db.tables.tasks, {
        equal: { userId },
        among: { hidden: [0, 1, 2] }, // also what is archived or in the trash
        descending: true,
        after,
        limit,
        index: 'tasks_user_listed_idx',
      }),
    ),
  present: presentTask,
}
