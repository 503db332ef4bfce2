import { eq, getTableColumns, sql } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { Database, Query } from '../database/database.ts'
import { invalidField } from '../http/problems.ts'
import { TreeTooLarge } from './problems.ts'
import type { TaskRow } from './table.ts'

/** Levels of a tree; the task at its top is the first. */
const maxDepth = 5
/** Tasks of a tree, the one at its top included. */
export const maxTreeSize = 500

/** A task and all its subtasks, those in the trash too, in the order of their ids. */
export const treeOf = (db: Database, userId: number, id: number): Promise<TaskRow[]> => db.all(tree, { id, userId })

const tree: Query<TaskRow, { id: number; userId: number }> = ({ select, parameter, tables: { tasks } }) =>
  select(getTableColumns(tasks))
    .from(tasks)
    .innerJoin(descendants(parameter(tasks.id, 'id'), parameter(tasks.userId, 'userId')), eq(tasks.id, sql`tree.id`))
    .orderBy(tasks.id)

const levels: Query<{ level: number }, { id: number; userId: number }> = ({ select, parameter, tables: { tasks } }) =>
  select({ level: sql<number>`tree.level`.mapWith(Number) })
    .from(tasks)
    .innerJoin(descendants(parameter(tasks.id, 'id'), parameter(tasks.userId, 'userId')), eq(tasks.id, sql`tree.id`))

/** How many tasks a tree has, on how many levels. (Counted here: MariaDB fails when it counts such a query twice.) */
async function sizeOf(db: Database, userId: number, id: number): Promise<{ tasks: number; levels: number }> {
  const rows = await db.all(levels, { id, userId })
  return { tasks: rows.length, levels: Math.max(...rows.map(({ level }) => level)) }
}

const descendants = (id: unknown, userId: unknown) =>
  sql`(with recursive tree (id, level) as (select id, 1 from tasks where id = ${id} and user_id = ${userId} union all select tasks.id, tree.level + 1 from tasks join tree on tasks.parent_id = tree.id) select id, level from tree) as tree`

/**
 * Refuses a place in a tree that has no room for it: a task, `moving` with its subtasks, or a new one, under a parent.
 * Throws InvalidInput for a cycle and for too many levels, TreeTooLarge.
 */
export async function refuseFull({ tx, userId }: Change, parent: TaskRow, moving?: TaskRow): Promise<void> {
  const above = await ancestorsOf(tx, userId, parent)
  if (moving && above.some(({ id }) => id === moving.id)) {
    throw invalidField('/parent_id', 'must not be the task itself or one of its subtasks')
  }
  const added = moving ? await sizeOf(tx, userId, moving.id) : { tasks: 1, levels: 1 }
  if (above.length + added.levels > maxDepth)
    throw invalidField('/parent_id', `would make more than ${maxDepth} levels`)
  const top = above.at(-1)!
  const there = await sizeOf(tx, userId, top.id)
  const isWithin = moving !== undefined && (await topOf(tx, userId, moving)).id === top.id
  if (!isWithin && there.tasks + added.tasks > maxTreeSize) throw new TreeTooLarge()
}

/** The task and those above it, upwards. */
async function ancestorsOf(tx: Database, userId: number, task: TaskRow): Promise<TaskRow[]> {
  const above = [task]
  for (let { parentId } = task; parentId !== null; ) {
    const parent: TaskRow | undefined = await tx.find(tx.tables.tasks, { id: parentId, userId })
    if (parent === undefined) break
    above.push(parent)
    parentId = parent.parentId
  }
  return above
}

const topOf = async (tx: Database, userId: number, task: TaskRow): Promise<TaskRow> =>
  (await ancestorsOf(tx, userId, task)).at(-1)!
