import type { Change } from '../changes/change.ts'
import type { Database } from '../database/database.ts'
import type { Precondition } from '../http/versions.ts'
import { lastKey } from '../values/positions.ts'
import { checkDates, datesIn } from './dues.ts'
import { finish, forgetLatest, statusOf } from './finishing.ts'
import { hasLabels, labelsFor, relabel, setLabels } from './labelling.ts'
import { goesElsewhere, moveTo, placeOfMoved, placeOfNew } from './places.ts'
import { TaskNotFound } from './problems.ts'
import { checkReminders, remindersAsKept, resetReminders } from './reminding.ts'
import { repeatingIn, seriesFrom } from './repeating.ts'
import type { NewTask, TaskChanges } from './schemas.ts'
import { shelfOf, trashShelf } from './shelves.ts'
import { priorities, type TaskRow } from './table.ts'

/** A task that is not in the trash, unless that is asked for. Throws TaskNotFound. */
export async function findTask(db: Database, userId: number, id: number, inTrash = false): Promise<TaskRow> {
  const task = await db.find(db.tables.tasks, { id, userId })
  if (task === undefined || (task.shelf === trashShelf) !== inTrash) throw new TaskNotFound()
  return task
}

/** Ids in one statement: a fixed number, so that it is built once. */
const idsAtOnce = 50

/** The tasks with these ids that there are, in their order. */
export async function tasksWithIds(db: Database, userId: number, ids: readonly number[]): Promise<TaskRow[]> {
  const byId = new Map<number, TaskRow>()
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const some = ids.slice(at, at + idsAtOnce)
    const id = [...some, ...Array<number>(idsAtOnce - some.length).fill(some[0]!)]
    const limit = idsAtOnce
    for (const row of await db.list(db.tables.tasks, { equal: { userId }, within: { id }, limit, index: 'PRIMARY' })) {
      byId.set(row.id, row)
    }
  }
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** A task that needs nothing looked up: it is written in the fewest statements. Throws InvalidInput. */
export function createInboxTask(
  db: Database,
  { id: userId, timezone }: { id: number; timezone: string },
  inboxId: number,
  task: NewTask,
): Promise<TaskRow> {
  return db.insertNumbered(db.tables.tasks, { userId, projectId: inboxId, ...newRow(task, timezone, Date.now()) })
}

/** Whether `createInboxTask` can make it. */
export const isPlain = ({ project_id, parent_id, status, labels = [], reminders = [] }: NewTask): boolean =>
  project_id === undefined &&
  parent_id == null &&
  status !== 'completed' &&
  labels.length === 0 &&
  reminders.length === 0

/** Throws InvalidInput, ProjectArchived, TreeTooLarge, TooManyLabels. */
export async function createTask(change: Change, task: NewTask): Promise<TaskRow> {
  const { tx, userId, timezone, seq, now } = change
  const { project, parent } = await placeOfNew(change, task)
  const { found, labels } = await labelsFor(change, task.labels ?? [])
  const { status, ...others } = task
  const isDone = status === 'completed'
  const row = await tx.insert(tx.tables.tasks, {
    ...newRow(isDone ? others : task, timezone, now),
    userId,
    projectId: project.id,
    parentId: parent?.id ?? null,
    labels,
    changeSeq: seq,
  })
  if (found.length > 0) await setLabels(change, row.id, found)
  if (row.reminders !== null) await resetReminders(change, row)
  return isDone ? finish(change, row, now) : row
}

/** Throws InvalidInput for a task that its schema takes, and that cannot be all the same. */
export const checkTask = (task: NewTask, timezone: string): unknown => newRow(task, timezone, Date.now())

function newRow(task: Omit<NewTask, 'status'> & { status?: TaskRow['status'] }, timezone: string, now: number) {
  const { title, description = null, status = 'pending', priority = 'none', estimated_minutes = null } = task
  const dates = { ...undated, ...datesIn(task, timezone) }
  const reminders = remindersAsKept(task.reminders ?? [])
  checkDates(dates)
  checkReminders({ ...dates, reminders })
  return {
    title,
    description,
    status,
    ...shelfOf({ status, deletedAt: null }, openProject),
    priorityRank: priorities.indexOf(priority),
    ...dates,
    ...seriesFrom(task.recurrence ?? null, dates),
    reminders,
    estimatedMinutes: estimated_minutes,
    position: lastKey(),
    createdAt: now,
    updatedAt: now,
    completedAt: null,
  }
}

const undated = { ...datesIn({ due: null, start: null }, 'UTC') } as Required<ReturnType<typeof datesIn>>
const openProject = { archivedAt: null, deletedAt: null }

/**
 * Absent fields keep their value, null clears; completed_at follows the status. A change that alters nothing leaves the
 * task's version as it is, and needs no precondition, so that a client can repeat a change whose answer was lost.
 * Throws TaskNotFound, PreconditionFailed, and what createTask throws.
 */
export async function changeTask(
  change: Change,
  id: number,
  changes: TaskChanges,
  requireVersion: Precondition,
): Promise<TaskRow> {
  const { tx, userId, timezone, seq, now } = change
  const task = await findTask(tx, userId, id)
  const fields = otherFields(task, changes, timezone)
  const isRelabelled = changes.labels !== undefined && !hasLabels(task, changes.labels)
  if (fields === undefined && !isRelabelled && !goesElsewhere(task, changes)) return task
  requireVersion(task)
  checkDates({ ...task, ...fields })
  checkReminders({ ...task, ...fields })
  const place = await placeOfMoved(change, task, changes)
  const labelled = isRelabelled ? await relabel(change, id, changes.labels!) : {}
  const { status = task.status, ...others } = fields ?? {}
  const isCompleted = status === 'completed' && task.status !== 'completed'
  const stays = isCompleted && !isRelabelled && Object.keys(others).length === 0
  const changed = stays
    ? task
    : (await tx.updateOne(
        tx.tables.tasks,
        { id, userId },
        { ...others, ...(!isCompleted && statusOf(task, status, now)), ...labelled, updatedAt: now, changeSeq: seq },
      ))!
  if (task.status === 'completed' && status !== 'completed') await forgetLatest(change, id)
  if (mattersToReminders.some((name) => name in others)) await resetReminders(change, changed)
  const moved = place === undefined ? changed : await moveTo(change, changed, place)
  return isCompleted ? finish(change, moved, now) : moved
}

const mattersToReminders = ['dueKey', 'startKey', 'reminders'] as const

/** How the task keeps what a request gives it, if any of that is another than it has. */
function otherFields(task: TaskRow, changes: TaskChanges, timezone: string): Partial<TaskRow> | undefined {
  const { title, description, status, priority, estimated_minutes: estimatedMinutes, reminders } = changes
  const dates = datesIn(changes, timezone)
  const fields: Partial<TaskRow> = {
    ...given({ title, description, status, estimatedMinutes }),
    ...(priority !== undefined && { priorityRank: priorities.indexOf(priority) }),
    ...(reminders !== undefined && { reminders: remindersAsKept(reminders) }),
    ...dates,
    ...repeatingIn(task, changes, { ...task, ...dates }),
  }
  const isAsBefore = Object.entries(fields).every(([name, value]) => task[name as keyof TaskRow] === value)
  return isAsBefore ? undefined : fields
}

/** Without what is undefined. */
export const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
