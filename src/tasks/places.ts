import type { Change } from '../changes/change.ts'
import { recordDeletions } from '../changes/deletions.ts'
import { invalidField } from '../http/problems.ts'
import { findInbox } from '../projects/inbox.ts'
import { findOpenProject } from '../projects/store.ts'
import type { ProjectRow } from '../projects/table.ts'
import { lastKey } from '../values/positions.ts'
import { davNameOf, objectsOf } from './objects.ts'
import { putOnShelves } from './shelves.ts'
import type { TaskRow } from './table.ts'
import { refuseFull, treeOf } from './trees.ts'

/** Where a task belongs: a project, and the task in it that it is a subtask of. */
export interface Place {
  readonly project: ProjectRow
  readonly parent: TaskRow | null
}

/** What a request says of a place: ids of its body, or nothing. */
export interface PlaceIds {
  readonly project_id?: number
  readonly parent_id?: number | null
}

/**
 * The place of a new task: the Inbox, unless it says otherwise. Throws InvalidInput, ProjectArchived, TreeTooLarge.
 */
export async function placeOfNew(change: Change, ids: PlaceIds): Promise<Place> {
  const { tx, userId } = change
  if (ids.parent_id == null) {
    if (ids.project_id === undefined) return { project: await findInbox(tx, userId), parent: null }
    return { project: await findOpenProject(change, ids.project_id, '/project_id'), parent: null }
  }
  return placeUnder(change, ids.parent_id, ids.project_id)
}

/** Whether a request asks for another place than the task has. */
export const goesElsewhere = (task: TaskRow, { parent_id: parentId, project_id: projectId }: PlaceIds): boolean =>
  (parentId !== undefined && parentId !== task.parentId) || (projectId !== undefined && projectId !== task.projectId)

/**
 * The other place that a task is asked to go to, if any. One that goes to another project alone leaves its parent.
 * Throws InvalidInput, ProjectArchived, TreeTooLarge.
 */
export async function placeOfMoved(change: Change, task: TaskRow, ids: PlaceIds): Promise<Place | undefined> {
  if (!goesElsewhere(task, ids)) return undefined
  if (ids.parent_id != null) return placeUnder(change, ids.parent_id, ids.project_id, task)
  return { project: await findOpenProject(change, ids.project_id ?? task.projectId, '/project_id'), parent: null }
}

async function placeUnder(
  change: Change,
  parentId: number,
  projectId: number | undefined,
  moving?: TaskRow,
): Promise<Place> {
  const { tx, userId } = change
  const parent = await tx.find(tx.tables.tasks, { id: parentId, userId })
  if (parent === undefined || parent.deletedAt !== null)
    throw invalidField('/parent_id', 'is not the id of a task of yours')
  if (projectId !== undefined && projectId !== parent.projectId) {
    throw invalidField('/project_id', 'must be the project of the parent')
  }
  await refuseFull(change, parent, moving)
  return { project: await findOpenProject(change, parent.projectId, '/parent_id'), parent }
}

/**
 * Takes a task, and its subtasks, to another place; `position` is its place in the list there. Those who follow the old
 * project are told that it is gone.
 */
export async function moveTo(
  change: Change,
  task: TaskRow,
  { project, parent }: Place,
  position = lastKey(),
): Promise<TaskRow> {
  const { tx, userId, seq, now } = change
  const { tasks } = tx.tables
  const changes = { parentId: parent?.id ?? null, position, updatedAt: now, changeSeq: seq }
  if (project.id === task.projectId) return (await tx.updateOne(tasks, { id: task.id, userId }, changes))!
  const moved = await treeOf(tx, userId, task.id)
  await putOnShelves(change, moved, project, { projectId: project.id })
  await tx.updateOne(tasks, { id: task.id, userId }, changes)
  const objects = await objectsOf(
    tx,
    userId,
    moved.map(({ id }) => id),
  )
  await recordDeletions(
    change,
    moved.map((row) => ({
      type: 'moved_task',
      itemId: row.id,
      projectId: task.projectId,
      name: davNameOf(row, objects.get(row.id)),
    })),
  )
  return (await tx.find(tasks, { id: task.id, userId }))!
}
