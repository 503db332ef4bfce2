import type { Change } from '../changes/change.ts'
import { recordDeletions } from '../changes/deletions.ts'
import type { Database } from '../database/database.ts'
import { type Order, placeIn } from '../http/orders.ts'
import { invalidField } from '../http/problems.ts'
import type { Precondition } from '../http/versions.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'
import { lastKey } from '../values/positions.ts'
import { dayMs } from '../work/chores.ts'
import { InboxStays, ProjectArchived, ProjectNotFound, TooManyProjects } from './problems.ts'
import type { NewProject, ProjectChanges, ProjectQuery } from './schemas.ts'
import { projectChanged, projectPurged } from './sweeps.ts'
import type { ProjectRow } from './table.ts'

/** Those in the trash count, too. */
export const maxProjects = 500

/** How long the trash keeps a project. */
const trashMs = 30 * dayMs

/** Throws ProjectNotFound. */
export async function findProject(db: Database, userId: number, id: number): Promise<ProjectRow> {
  const project = await lookUpProject(db, userId, id)
  if (project === undefined || project.deletedAt !== null) throw new ProjectNotFound()
  return project
}

/** A project, in the trash or not. */
export const lookUpProject = (db: Database, userId: number, id: number): Promise<ProjectRow | undefined> =>
  db.find(db.tables.projects, { id, userId })

/** A project that takes tasks, named at `pointer` in a body. Throws InvalidInput if there is none, ProjectArchived. */
export async function findOpenProject({ tx, userId }: Change, id: number, pointer: string): Promise<ProjectRow> {
  const project = await lookUpProject(tx, userId, id)
  if (project === undefined) throw invalidField(pointer, 'is not the id of a project of yours')
  if (project.archivedAt !== null || project.deletedAt !== null) throw new ProjectArchived()
  return project
}

/** All of them, by position. */
export async function allProjects(db: Database, userId: number): Promise<ProjectRow[]> {
  const rows = await db.list(db.tables.projects, {
    equal: { userId },
    order: ['changeSeq', 'id'],
    limit: maxProjects,
    index: 'projects_user_changed_idx',
  })
  return rows.toSorted((a, b) => (a.position === b.position ? a.id - b.id : a.position < b.position ? -1 : 1))
}

/** Those in use, the archived ones, or those in the trash. */
export async function listProjects(db: Database, userId: number, query: ProjectQuery): Promise<ProjectRow[]> {
  const rows = await allProjects(db, userId)
  return rows.filter(({ archivedAt, deletedAt }) =>
    query.trashed ? deletedAt !== null : deletedAt === null && (archivedAt !== null) === query.archived,
  )
}

/** Throws TooManyProjects. */
export async function createProject(change: Change, { name, color = null }: NewProject): Promise<ProjectRow> {
  const { tx, userId, seq, now } = change
  if ((await allProjects(tx, userId)).length >= maxProjects) throw new TooManyProjects()
  return tx.insert(tx.tables.projects, {
    userId,
    name,
    color,
    position: lastKey(),
    createdAt: now,
    updatedAt: now,
    changeSeq: seq,
  })
}

/** Throws ProjectNotFound, PreconditionFailed. */
export async function changeProject(
  change: Change,
  id: number,
  { name, color }: ProjectChanges,
  requireVersion: Precondition,
): Promise<ProjectRow> {
  const project = await findProject(change.tx, change.userId, id)
  if ((name ?? project.name) === project.name && (color === undefined || color === project.color)) return project
  requireVersion(project)
  return write(change, id, { name, color })
}

/** Throws ProjectNotFound, PreconditionFailed, InvalidInput. */
export async function moveProject(
  change: Change,
  id: number,
  order: Order,
  requireVersion: Precondition,
): Promise<ProjectRow> {
  const { tx, userId } = change
  requireVersion(await findProject(tx, userId, id))
  const list = (await allProjects(tx, userId)).filter(({ deletedAt }) => deletedAt === null)
  const { position, others } = placeIn(list, id, order)
  for (const other of others) await write(change, other.id, { position: other.position })
  return write(change, id, { position })
}

/** Hides it and its tasks; false brings them back. Throws ProjectNotFound, PreconditionFailed, InboxStays. */
export async function setArchived(
  change: Change,
  sweeps: Sweeps,
  id: number,
  isArchived: boolean,
  requireVersion: Precondition,
): Promise<ProjectRow> {
  const project = await findProject(change.tx, change.userId, id)
  if ((project.archivedAt !== null) === isArchived) return project
  requireVersion(project)
  if (project.isInbox) throw new InboxStays()
  const changed = await write(change, id, { archivedAt: isArchived ? change.now : null })
  await sweeps.begin(change, { kind: projectChanged, targetId: id })
  return changed
}

/** Moves it to the trash, with its tasks, for 30 days. Throws ProjectNotFound, PreconditionFailed, InboxStays. */
export async function trashProject(
  change: Change,
  sweeps: Sweeps,
  id: number,
  requireVersion: Precondition,
): Promise<void> {
  const project = await findProject(change.tx, change.userId, id)
  requireVersion(project)
  if (project.isInbox) throw new InboxStays()
  await write(change, id, { deletedAt: change.now })
  await sweeps.begin(change, { kind: projectChanged, targetId: id })
  await sweeps.schedule(change, { kind: projectPurged, targetId: id, happenedAt: change.now }, change.now + trashMs)
}

/** Brings it back with the tasks that went with it. Throws ProjectNotFound, PreconditionFailed. */
export async function restoreProject(
  change: Change,
  sweeps: Sweeps,
  id: number,
  requireVersion: Precondition,
): Promise<ProjectRow> {
  const project = await lookUpProject(change.tx, change.userId, id)
  if (project === undefined) throw new ProjectNotFound()
  if (project.deletedAt === null) return project
  requireVersion(project)
  const changed = await write(change, id, { deletedAt: null })
  await sweeps.begin(change, { kind: projectChanged, targetId: id, happenedAt: project.deletedAt })
  return changed
}

/**
 * Deletes it and its tasks for good, from the trash or not. Throws ProjectNotFound, PreconditionFailed, InboxStays.
 */
export async function deleteProject(
  change: Change,
  sweeps: Sweeps,
  id: number,
  requireVersion: Precondition,
): Promise<void> {
  const project = await lookUpProject(change.tx, change.userId, id)
  if (project === undefined) throw new ProjectNotFound()
  requireVersion(project)
  if (project.isInbox) throw new InboxStays()
  // Until all its tasks are gone it is in the trash, where nothing can be added to it.
  const deletedAt = project.deletedAt ?? change.now
  if (project.deletedAt === null) await write(change, id, { deletedAt })
  await sweeps.begin(change, { kind: projectPurged, targetId: id, happenedAt: deletedAt })
}

/** Deletes the row of a project that has no tasks any more. */
export async function removeProject(change: Change, id: number): Promise<void> {
  const { tx, userId } = change
  await tx.deleteMany(tx.tables.projects, { id, userId })
  await recordDeletions(change, [{ type: 'project', itemId: id }])
}

async function write(
  change: Change,
  id: number,
  changes: { [K in keyof ProjectRow]?: ProjectRow[K] | undefined },
): Promise<ProjectRow> {
  const { tx, userId, seq, now } = change
  const changed = await tx.updateOne(tx.tables.projects, { id, userId }, { ...changes, updatedAt: now, changeSeq: seq })
  return changed!
}
