import { and, eq, inArray } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { ProjectRow } from '../projects/table.ts'
import { type TaskRow, taskStatuses } from './table.ts'

/** The shelf of a task whose project is archived; the ones before are the statuses. */
export const archivedShelf = 4
export const trashShelf = 5

/** The shelves of tasks that are still to be done. */
export const openShelves = [0, 1] as const
/** The shelves of the statuses. */
export const listedShelves = taskStatuses.map((_, shelf) => shelf)

/**
 * Where a task is listed: by its status, unless its project is archived, or it or its project is in the trash. `hidden`
 * says no more than that, so that a list of all statuses is one range of an index.
 */
export function shelfOf(
  { status, deletedAt }: Pick<TaskRow, 'status' | 'deletedAt'>,
  project: Pick<ProjectRow, 'archivedAt' | 'deletedAt'>,
): Pick<TaskRow, 'shelf' | 'hidden'> {
  if (deletedAt !== null || project.deletedAt !== null) return { shelf: trashShelf, hidden: 2 }
  if (project.archivedAt !== null) return { shelf: archivedShelf, hidden: 1 }
  return { shelf: taskStatuses.indexOf(status), hidden: 0 }
}

/** Puts tasks of a project where they are listed, with other changes that are the same for all. */
export async function putOnShelves(
  { tx, userId, seq, now }: Change,
  rows: readonly TaskRow[],
  project: ProjectRow,
  changes: Partial<TaskRow>,
): Promise<void> {
  const { tasks } = tx.tables
  const byShelf = Map.groupBy(rows, (row) => shelfOf({ ...row, ...changes }, project).shelf)
  for (const alike of byShelf.values()) {
    const ids = alike.map(({ id }) => id)
    await tx.updateMany(tasks, and(eq(tasks.userId, userId), inArray(tasks.id, ids))!, {
      ...changes,
      ...shelfOf({ ...alike[0]!, ...changes }, project),
      updatedAt: now,
      changeSeq: seq,
    })
  }
}
