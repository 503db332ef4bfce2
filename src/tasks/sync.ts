import { readSpan, type Span } from '../changes/spans.ts'
import type { Database } from '../database/database.ts'
import type { Synced } from '../sync/sources.ts'
import { presentTask, Task } from './schemas.ts'
import { archivedShelf, listedShelves, openShelves, trashShelf } from './shelves.ts'
import type { TaskRow } from './table.ts'

const read = (db: Database, userId: number, span: Span, shelf: readonly number[]) =>
  readSpan(db, db.tables.tasks, 'tasks_user_changed_idx', userId, span, { shelf })

/** A task in the trash, or in an archived project, is gone from a copy. */
export const syncedTasks: Synced<TaskRow, typeof Task> = {
  name: 'tasks',
  type: 'task',
  items: Task,
  readChanges: (db, userId, span) => read(db, userId, span, [...listedShelves, archivedShelf, trashShelf]),
  readAll: (db, userId, span, openOnly) => read(db, userId, span, openOnly ? openShelves : listedShelves),
  isGone: ({ hidden }) => hidden !== 0,
  present: presentTask,
}
