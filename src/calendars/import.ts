import { setImmediate } from 'node:timers/promises'
import type { Change } from '../changes/change.ts'
import { addComment } from '../comments/store.ts'
import { recordCompletions } from '../completions/store.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../http/problems.ts'
import { anyVersion } from '../http/versions.ts'
import { nameKeyOf } from '../labels/names.ts'
import { createLabel, labelsOf } from '../labels/store.ts'
import { allProjects, createProject, setArchived } from '../projects/store.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'
import { finish, statusOf } from '../tasks/finishing.ts'
import { derivedUid } from '../tasks/objects.ts'
import type { NewTask } from '../tasks/schemas.ts'
import { changeTask, checkTask, createTask } from '../tasks/store.ts'
import type { TaskRow } from '../tasks/table.ts'
import { restoreTask, trashTask } from '../tasks/trash.ts'
import { isKey } from '../values/positions.ts'
import { lookUpKnown } from './names.ts'
import type { FileContents, FileRecord } from './records.ts'

/** A record that cannot be a task, by its number in the file, from 1. */
export interface Refusal {
  readonly row: number
  readonly errors: readonly { readonly detail: string; readonly pointer?: string }[]
}

export interface Imported {
  readonly created: number
  readonly updated: number
  readonly refused: readonly Refusal[]
  /** Projects that are archived once they have their tasks. */
  readonly archive?: readonly number[]
}

const none: Imported = { created: 0, updated: 0, refused: [] }

/** What is known of an import while it goes on. */
export interface Import extends FileContents {
  /** Throws InvalidInput for what is no NewTask. */
  readonly validate: (task: unknown) => NewTask
  readonly projectId: number | undefined
  /** Ids of tasks and projects by what the file calls them. */
  readonly tasks: Map<string, number>
  readonly projectIds: Map<string, number>
}

/** The places of the records, parents first. */
export function parentsFirst(records: readonly FileRecord[]): number[] {
  const places = new Map(records.map(({ key, uid }, i) => [key ?? uid, i]))
  const depthOf = (i: number, limit = 10): number => {
    const parent = records[i]!.parentUid
    const above = parent === undefined ? undefined : places.get(parent)
    return above === undefined || above === i || limit === 0 ? 0 : 1 + depthOf(above, limit - 1)
  }
  const depths = records.map((_, i) => depthOf(i))
  return records.map((_, i) => i).sort((a, b) => depths[a]! - depths[b]! || a - b)
}

/** Imports the records at these places, in one write. Those that are refused change nothing. */
export async function importSome(
  change: Change,
  sweeps: Sweeps,
  places: readonly number[],
  context: Import,
): Promise<Imported> {
  let [created, updated] = [0, 0]
  const refused: Refusal[] = []
  for (const i of places) {
    try {
      const isNew = await importOne(change, sweeps, context.records[i]!, context)
      if (isNew) created++
      else updated++
    } catch (error) {
      refused.push(refusalOf(i, error))
    }
  }
  return { created, updated, refused }
}

/** Records that are tried before others have their turn. */
const recordsAtOnce = 50

/** What importing them would do, as far as it can be told without doing it. */
export async function tryImport(
  db: Database,
  { id: userId, timezone }: { id: number; timezone: string },
  { records, validate }: Import,
): Promise<Imported> {
  let [created, updated] = [0, 0]
  const refused: Refusal[] = []
  for (const [i, { task, uid }] of records.entries()) {
    if (i % recordsAtOnce === 0) await setImmediate()
    try {
      checkTask(validate(task), timezone)
      if ((await lookUpKnown(db, userId, uid)) === undefined) created++
      else updated++
    } catch (error) {
      refused.push(refusalOf(i, error))
    }
  }
  return { created, updated, refused }
}

function refusalOf(i: number, error: unknown): Refusal {
  if (!(error instanceof Problem)) throw error
  return { row: i + 1, errors: error.errors ?? [{ detail: error.message }] }
}

/** Makes the projects and labels of a file that are not there, with or without tasks. Those to archive are in `archive`. */
export async function importGroups(change: Change, context: Import): Promise<Imported> {
  const { tx, userId } = change
  const archive: number[] = []
  const there = new Set(
    (await allProjects(tx, userId)).filter(({ deletedAt }) => deletedAt === null).map(({ name }) => name),
  )
  for (const { name, color, isArchived } of context.projectId === undefined ? (context.projects ?? []) : []) {
    if (there.has(name)) continue
    there.add(name)
    const { id } = await createProject(change, { name, color })
    context.projectIds.set(name, id)
    if (isArchived) archive.push(id)
  }
  const known = new Set((await labelsOf(tx, userId)).map(({ nameKey }) => nameKey))
  for (const { name, color } of context.labels ?? []) {
    if (known.has(nameKeyOf(name))) continue
    known.add(nameKeyOf(name))
    await createLabel(change, { name, color })
  }
  return { ...none, archive }
}

/** Archives what `importGroups` made for tasks that the file has in an archived project. */
export async function archiveImported(change: Change, sweeps: Sweeps, ids: readonly number[]): Promise<Imported> {
  for (const id of ids) await setArchived(change, sweeps, id, true, anyVersion)
  return none
}

async function importOne(change: Change, sweeps: Sweeps, record: FileRecord, context: Import): Promise<boolean> {
  const { tx, userId } = change
  const task = context.validate(record.task)
  checkTask(task, change.timezone)
  const known = await lookUpKnown(tx, userId, record.uid)
  const row = known === undefined ? await add(change, record, task, context) : await renew(change, known, task)
  const key = record.key ?? record.uid
  if (key !== undefined) context.tasks.set(key, row.id)
  if (known === undefined) {
    for (const { body, createdAt } of record.comments ?? [])
      await addComment(change, row.id, { body: body.slice(0, 10_000) }, createdAt)
    if (record.uid !== undefined && record.uid !== derivedUid(row))
      await name(change, row.id, record.uid, record.source)
  } else if (record.source !== undefined) {
    await name(change, row.id, record.uid!, record.source)
  }
  if (record.isTrashed) await trashTask(change, sweeps, row.id, anyVersion)
  return known === undefined
}

async function add(change: Change, record: FileRecord, task: NewTask, context: Import): Promise<TaskRow> {
  const { tx, userId, now } = change
  const parentId = record.parentUid === undefined ? undefined : await idOf(change, record.parentUid, context)
  const projectId = parentId === undefined ? await projectOf(change, record.project, context) : undefined
  const { status, ...others } = task
  const isDone = status === 'completed'
  const made = await createTask(change, {
    ...others,
    ...(status !== undefined && !isDone && { status }),
    ...(parentId !== undefined && { parent_id: parentId }),
    ...(projectId !== undefined && { project_id: projectId }),
  })
  const completedAt = record.completedAt ?? now
  const { completions = [], series, position } = record
  await recordCompletions(
    change,
    completions.map((each) => ({ ...each, taskId: made.id, former: null })),
  )
  // A series that is over is done, and not due again. A file with a ledger has told of it.
  const isPlain = made.rrule === null && completions.length === 0
  if (isDone && isPlain) await finish(change, made, completedAt)
  return (await tx.updateOne(
    tx.tables.tasks,
    { id: made.id, userId },
    {
      createdAt: record.createdAt ?? made.createdAt,
      ...(isDone && !isPlain && statusOf(made, 'completed', completedAt)),
      ...(position !== undefined && isKey(position) && { position }),
      ...(series && isOfSeries(made, series) && series),
    },
  ))!
}

/** Whether a series can stand where a file says. */
const isOfSeries = ({ rrule, dueKey }: TaskRow, { anchorKey, occurrenceKey }: NonNullable<FileRecord['series']>) =>
  rrule !== null &&
  [anchorKey!, occurrenceKey!].every((key) => key.endsWith('T24') === dueKey.endsWith('T24')) &&
  anchorKey! <= occurrenceKey!

async function renew(change: Change, known: TaskRow, task: NewTask): Promise<TaskRow> {
  if (known.deletedAt !== null) await restoreTask(change, known.id, anyVersion)
  return changeTask(change, known.id, task, anyVersion)
}

async function idOf({ tx, userId }: Change, uid: string, { tasks }: Import): Promise<number | undefined> {
  return tasks.get(uid) ?? (await lookUpKnown(tx, userId, uid))?.id
}

/** Keeps what a file calls a task, and what it says. */
async function name({ tx, userId }: Change, taskId: number, uid: string, source: string | undefined): Promise<void> {
  const { calendarObjects } = tx.tables
  await tx.deleteMany(calendarObjects, { userId, taskId })
  await tx.insertMany(calendarObjects, [{ userId, taskId, uid: uid.slice(0, 255), source: source ?? null }])
}

/** A project by its name; one that is not there is made. undefined: the Inbox. */
async function projectOf(change: Change, called: string | undefined, context: Import): Promise<number | undefined> {
  if (context.projectId !== undefined) return context.projectId
  const wanted = called?.trim().slice(0, 120)
  if (!wanted) return undefined
  const known = context.projectIds.get(wanted)
  if (known !== undefined) return known
  const open = (await allProjects(change.tx, change.userId)).find(
    ({ name, archivedAt, deletedAt }) => name === wanted && archivedAt === null && deletedAt === null,
  )
  const { id } = open ?? (await createProject(change, { name: wanted }))
  context.projectIds.set(wanted, id)
  return id
}
