import { and, eq, inArray } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import { recordDeletions } from '../changes/deletions.ts'
import type { Precondition } from '../http/versions.ts'
import { findInbox } from '../projects/inbox.ts'
import { lookUpProject } from '../projects/store.ts'
import { chunkLength, type Sweep, type Sweeps } from '../sweeps/sweeps.ts'
import { lastKey } from '../values/positions.ts'
import { dayMs } from '../work/chores.ts'
import { davNameOf, objectsOf } from './objects.ts'
import { moveTo } from './places.ts'
import { TaskNotFound } from './problems.ts'
import { putOnShelves, trashShelf } from './shelves.ts'
import { findTask } from './store.ts'
import type { TaskRow } from './table.ts'
import { treeOf } from './trees.ts'

/** How long the trash keeps what is in it. */
export const trashMs = 30 * dayMs

/**
 * Moves a task to the trash, with its subtasks; it is purged 30 days later. Throws TaskNotFound, PreconditionFailed.
 */
export async function trashTask(
  change: Change,
  sweeps: Sweeps,
  id: number,
  requireVersion: Precondition,
): Promise<void> {
  const { tx, userId, now } = change
  const task = await findTask(tx, userId, id)
  requireVersion(task)
  const rows = (await treeOf(tx, userId, id)).filter(({ shelf }) => shelf !== trashShelf)
  await putOnShelves(change, rows, (await lookUpProject(tx, userId, task.projectId))!, { deletedAt: now })
  await sweeps.schedule(change, { kind: purge.kind, targetId: id, happenedAt: now }, now + trashMs)
}

/** Deletes a task for good, with its subtasks, in the trash or not. Throws TaskNotFound, PreconditionFailed. */
export async function deleteTask(change: Change, id: number, requireVersion: Precondition): Promise<void> {
  const { tx, userId } = change
  const task = await tx.find(tx.tables.tasks, { id, userId })
  if (task === undefined) throw new TaskNotFound()
  requireVersion(task)
  await deleteRows(change, await treeOf(tx, userId, id))
}

/**
 * Brings a task back, with what the same deletion took: to the top level if its parent is still in the trash, and to the
 * Inbox if its project is. Throws TaskNotFound, PreconditionFailed.
 */
export async function restoreTask(change: Change, id: number, requireVersion: Precondition): Promise<TaskRow> {
  const { tx, userId, seq } = change
  const { tasks } = tx.tables
  const task = await tx.find(tasks, { id, userId })
  if (task === undefined) throw new TaskNotFound()
  if (task.shelf !== trashShelf) return task
  requireVersion(task)
  const former = await lookUpProject(tx, userId, task.projectId)
  const isGone = former === undefined || former.deletedAt !== null
  const project = isGone ? await findInbox(tx, userId) : former
  const parent = task.parentId === null ? undefined : await tx.find(tasks, { id: task.parentId, userId })
  const stays = !isGone && parent !== undefined && parent.shelf !== trashShelf
  const rows = (await treeOf(tx, userId, id)).filter(({ deletedAt }) => deletedAt === task.deletedAt)
  await putOnShelves(change, rows, project, { deletedAt: null })
  const restored = (await tx.updateOne(tasks, { id, userId }, { position: lastKey(), changeSeq: seq }))!
  return stays ? restored : moveTo(change, restored, { project, parent: null })
}

/** Deletes these tasks for good. Subtasks that are not among them stay, without a parent. */
export async function deleteRows(change: Change, rows: readonly TaskRow[]): Promise<void> {
  if (rows.length === 0) return
  const { tx, userId } = change
  const { tasks } = tx.tables
  const ids = rows.map(({ id }) => id)
  const objects = await objectsOf(tx, userId, ids)
  await tx.updateMany(tasks, and(eq(tasks.userId, userId), inArray(tasks.parentId, ids))!, { parentId: null })
  await tx.deleteMany(tasks, and(eq(tasks.userId, userId), inArray(tasks.id, ids))!)
  await recordDeletions(
    change,
    rows.map((row) => {
      const { id, projectId } = row
      return { type: 'task', itemId: id, projectId, name: davNameOf(row, objects.get(id)) }
    }),
  )
}

/** A task in the trash goes when its time is over, unless it was restored. */
export const purge: Sweep = {
  kind: 'task_purge',
  async chunk(change, { targetId: id, happenedAt }) {
    const { tx, userId } = change
    const task = await tx.find(tx.tables.tasks, { id, userId })
    if (task?.deletedAt === happenedAt) await deleteRows(change, await treeOf(tx, userId, id))
    return undefined
  },
}

/** Everything that was in the trash when it was emptied. */
export const emptying: Sweep = {
  kind: 'trash_emptying',
  async chunk(change, { happenedAt, afterId }) {
    const { tx, userId } = change
    const rows = await tx.list(tx.tables.tasks, {
      equal: { userId, shelf: trashShelf },
      after: { id: afterId },
      limit: chunkLength,
      index: 'tasks_user_created_idx',
    })
    await deleteRows(
      change,
      rows.filter(({ deletedAt }) => deletedAt === null || deletedAt <= happenedAt!),
    )
    return rows.length < chunkLength ? undefined : rows.at(-1)!.id
  },
}

export const emptyTrash = (change: Change, sweeps: Sweeps): Promise<void> =>
  sweeps.begin(change, { kind: emptying.kind, targetId: change.userId, happenedAt: change.now })
