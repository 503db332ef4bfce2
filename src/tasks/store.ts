import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Changes, Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { TaskNotFound } from '../errors.ts'
import { type Page, pageOf } from '../pages.ts'
import type { PageQuery } from '../schemas.ts'
import type { NewTask, TaskChanges } from './schemas.ts'

export type TaskRow = Row<Tables['tasks']>

/** The user's tasks, newest first, by keyset: a page costs the same however many tasks there are. */
export async function listTasks(db: Database, userId: number, { limit, cursor }: PageQuery): Promise<Page<TaskRow>> {
  const rows =
    cursor === undefined
      ? await db.all(newestTasks, { userId, limit: limit + 1 })
      : await db.all(tasksBefore, { userId, limit: limit + 1, before: Number(cursor) })
  return pageOf(rows, limit)
}

/** Throws TaskNotFound. */
export async function findTask(db: Database, userId: number, id: number): Promise<TaskRow> {
  return found(await db.find(db.tables.tasks, { id, userId }))
}

export function createTask(db: Database, userId: number, { title, description, status }: NewTask): Promise<TaskRow> {
  const now = Date.now()
  return db.insert(db.tables.tasks, {
    userId,
    title,
    description: description ?? null,
    status: status ?? 'pending',
    createdAt: now,
    updatedAt: now,
    completedAt: status === 'completed' ? now : null,
  })
}

/** Absent fields keep their value, null clears; completed_at follows the status. Throws TaskNotFound. */
export async function changeTask(db: Database, userId: number, id: number, changes: TaskChanges): Promise<TaskRow> {
  const { tasks } = db.tables
  if (Object.keys(changes).length === 0) return findTask(db, userId, id)
  const now = Date.now()
  const row: Changes<typeof tasks> = { ...changes, updatedAt: now }
  if (changes.status === 'completed')
    row.completedAt = sql`coalesce(${tasks.completedAt}, ${sql.param(now, tasks.completedAt)})`
  else if (changes.status !== undefined) row.completedAt = null
  return found(await db.update(tasks, { id, userId }, row))
}

/** Throws TaskNotFound. */
export async function deleteTask(db: Database, userId: number, id: number): Promise<void> {
  if ((await db.delete(db.tables.tasks, { id, userId })) === 0) throw new TaskNotFound()
}

const newestTasks: Query<TaskRow> = ({ select, parameter, limit, tables: { tasks } }) =>
  select()
    .from(tasks)
    .where(eq(tasks.userId, parameter(tasks.userId, 'userId')))
    .orderBy(desc(tasks.id))
    .limit(limit('limit'))

const tasksBefore: Query<TaskRow> = ({ select, parameter, limit, tables: { tasks } }) =>
  select()
    .from(tasks, { forceIndex: 'tasks_user_id_idx' })
    .where(and(eq(tasks.userId, parameter(tasks.userId, 'userId')), lt(tasks.id, parameter(tasks.id, 'before'))))
    .orderBy(desc(tasks.id))
    .limit(limit('limit'))

function found(task: TaskRow | undefined): TaskRow {
  if (task === undefined) throw new TaskNotFound()
  return task
}
