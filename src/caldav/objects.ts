/** Tasks as the calendar objects of a list. */
import ICAL from 'ical.js'
import {
  calendarObjectOf,
  doneOverridesIn,
  isOverride,
  type Named,
  type Read,
  readVtodo,
  vtodosIn,
} from '../calendars/ical.ts'
import { lookUpKnown, namesOf } from '../calendars/names.ts'
import type { Change } from '../changes/change.ts'
import type { Database } from '../database/database.ts'
import { PreconditionFailed, Problem } from '../http/problems.ts'
import { anyVersion, type Precondition } from '../http/versions.ts'
import type { ProjectRow } from '../projects/table.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'
import { finish } from '../tasks/finishing.ts'
import { derivedUid, objectsOf } from '../tasks/objects.ts'
import { moveTo } from '../tasks/places.ts'
import type { NewTask, TaskChanges } from '../tasks/schemas.ts'
import { trashShelf } from '../tasks/shelves.ts'
import { changeTask, createTask, findTask, tasksWithIds } from '../tasks/store.ts'
import type { TaskRow } from '../tasks/table.ts'
import { restoreTask, trashTask } from '../tasks/trash.ts'
import { treeOf } from '../tasks/trees.ts'
import { invalidData, invalidObject, tooLarge, uidTaken, unsupportedComponent } from './problems.ts'

export interface DavObject {
  readonly row: TaskRow
  readonly named: Named
}

export const maxObjectBytes = 100 * 1024

export const textOf = ({ row, named }: DavObject): string => calendarObjectOf(row, named)

/** Names in one statement: a fixed number, so that it is built once. */
const namesAtOnce = 50

/** The tasks of a list that have these names. */
export async function findObjects(
  db: Database,
  userId: number,
  projectId: number,
  names: readonly string[],
): Promise<Map<string, DavObject>> {
  const { calendarObjects } = db.tables
  const wanted = new Set(names)
  const uids = names.filter((name) => name.endsWith('.ics')).map((name) => name.slice(0, -4))
  const ids = new Set(uids.flatMap((uid) => /^([1-9]\d{0,14})-\d+@tasks$/.exec(uid)?.[1] ?? []).map(Number))
  for (const name of inPieces([...wanted])) {
    const index = 'calendar_objects_name_idx'
    // Lists may use a name each.
    const rows = await db.list(calendarObjects, { equal: { userId }, within: { name }, limit: 10_000, index })
    for (const { taskId } of rows) ids.add(taskId)
  }
  for (const uid of inPieces(uids)) {
    const index = 'calendar_objects_user_uid'
    const rows = await db.list(calendarObjects, { equal: { userId }, within: { uid }, limit: namesAtOnce, index })
    for (const { taskId } of rows) ids.add(taskId)
  }
  const rows = (await tasksWithIds(db, userId, [...ids])).filter((row) => isIn(projectId, row))
  const objects = await withNames(db, userId, rows)
  // Of two with one name, which a move can bring about, the older one has it.
  const named = objects.toSorted((a, b) => b.row.id - a.row.id).map((object) => [object.named.name, object] as const)
  return new Map(named.filter(([name]) => wanted.has(name)))
}

function* inPieces(values: readonly string[]): Generator<string[]> {
  for (let at = 0; at < values.length; at += namesAtOnce) {
    const some = values.slice(at, at + namesAtOnce)
    yield [...some, ...Array<string>(namesAtOnce - some.length).fill(some[0]!)]
  }
}

export async function withNames(db: Database, userId: number, rows: readonly TaskRow[]): Promise<DavObject[]> {
  const names = await namesOf(db, userId, rows)
  return rows.map((row) => ({ row, named: names.get(row.id)! }))
}

export const isIn = (projectId: number, row: TaskRow): boolean => row.projectId === projectId && row.hidden === 0

/** What a PUT is about. */
export interface Put {
  readonly list: ProjectRow
  readonly name: string
  readonly text: string
  readonly isNew: boolean
  readonly requireVersion: Precondition | undefined
  /** Throws Problem for what is no NewTask. */
  readonly validate: (task: NewTask) => NewTask
  hrefOf(name: string): string
}

export interface PutResult {
  readonly row: TaskRow
  readonly isCreated: boolean
  /** Whether it is kept as it was sent, so that its ETag can be told (RFC 4791, section 5.3.4). */
  readonly isExact: boolean
}

/**
 * Makes a task what a calendar object says. Only what differs from the text that its sender could have read is changed. A
 * uid from the trash or from another list is that same task. Throws DavRefusal, PreconditionFailed, Problem.
 */
export async function putObject(change: Change, put: Put): Promise<PutResult> {
  const { tx, userId, seq, now, timezone } = change
  const { list, name, text } = put
  const read = readObject(text, timezone, put.validate)
  const there = (await findObjects(tx, userId, list.id, [name])).get(name)
  if (there === undefined ? put.requireVersion !== undefined : put.isNew) throw new PreconditionFailed()
  if (there !== undefined) put.requireVersion?.(there.row)
  if (there !== undefined && there.named.uid !== read.uid) throw uidTaken(put.hrefOf(name))
  if (there !== undefined && textOf(there) === text && there.named.source === text) {
    return { row: there.row, isCreated: false, isExact: true }
  }

  const known = there ?? (await takeOver(change, read.uid, put))
  const { task, isExact } =
    known === undefined ? await create(change, read, list) : await update(change, known, read, text)
  const waitingFor = await linkToParent(change, task, read, known?.named)
  await adoptChildren(change, task, read.uid, list)
  const row = (await tx.updateOne(tx.tables.tasks, { id: task.id, userId }, { updatedAt: now, changeSeq: seq }))!
  await keepObject(change, row, {
    uid: read.uid,
    source: text,
    sourceSeq: isExact ? seq : null,
    name,
    parentUid: waitingFor,
  })
  return { row, isCreated: there === undefined, isExact }
}

type ReadObject = Read & { readonly uid: string }

/** Throws DavRefusal. */
function readObject(text: string, timezone: string, validate: Put['validate']): ReadObject {
  if (Buffer.byteLength(text) > maxObjectBytes) throw tooLarge(maxObjectBytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML could not carry them
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) throw invalidData('The object has control characters.')
  if (depthOf(text) > maxDepth) throw invalidData('The components of the object are nested too deep.')
  const calendar = parsed(() => new ICAL.Component(ICAL.parse(text) as never))
  if (calendar.name !== 'vcalendar') throw invalidData('The object is no VCALENDAR.')
  const kinds = new Set(calendar.getAllSubcomponents().map(({ name }) => name))
  kinds.delete('vtimezone')
  if (!kinds.has('vtodo') && kinds.size > 0) throw unsupportedComponent()
  if (kinds.size !== 1) throw invalidObject('The object must have VTODOs, and nothing else but time zones.')
  if (calendar.hasProperty('method')) throw invalidObject('The object must have no METHOD.')
  const todos = calendar.getAllSubcomponents('vtodo')
  const uids = new Set(todos.map((todo) => todo.getFirstPropertyValue('uid')))
  if (uids.size !== 1 || uids.has(null)) throw invalidObject('All VTODOs must have one UID.')
  if (vtodosIn(text).filter((todo) => !isOverride(todo)).length > 1) {
    throw invalidObject('Only one VTODO can be without a RECURRENCE-ID.')
  }
  const read = parsed(() => readVtodo(text, timezone))
  if (read.uid === undefined || read.uid === '' || read.uid.length > 255) throw invalidData('The UID is too long.')
  try {
    validate(read.task)
  } catch (error) {
    throw error instanceof Problem ? refusalOf(error) : error
  }
  return { ...read, uid: read.uid }
}

/** Nested deeper, ical.js would run out of stack. */
const maxDepth = 8

function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const line of text.split('\n')) {
    if (/^BEGIN:/i.test(line)) deepest = Math.max(deepest, ++depth)
    else if (/^END:/i.test(line)) depth--
  }
  return deepest
}

/** ical.js throws errors of many kinds. */
function parsed<R>(read: () => R): R {
  try {
    return read()
  } catch {
    throw invalidData('The object is not valid iCalendar.')
  }
}

/** A task that cannot be, in the words of the JSON API. */
export const refusalOf = (problem: Problem) =>
  invalidData(
    (problem.errors ?? []).map(({ pointer, detail }) => `${pointer ?? ''} ${detail}`.trim()).join('; ') ||
      problem.message,
  )

/** Brings a task with this uid to the list from the trash or another list. Throws DavRefusal if it has another name there. */
async function takeOver(change: Change, uid: string, { list, hrefOf }: Put) {
  const { tx, userId } = change
  const known = await lookUpKnown(tx, userId, uid)
  if (known === undefined) return undefined
  if (isIn(list.id, known)) {
    const [object] = await withNames(tx, userId, [known])
    throw uidTaken(hrefOf(object!.named.name))
  }
  const restored = known.shelf === trashShelf ? await restoreTask(change, known.id, anyVersion) : known
  const row =
    restored.projectId === list.id ? restored : await moveTo(change, restored, { project: list, parent: null })
  return (await withNames(tx, userId, [row]))[0]!
}

async function create(change: Change, { task, completedAt }: Read, list: ProjectRow) {
  const { status, ...others } = task
  const isDone = status === 'completed'
  const made = await createTask(change, {
    ...others,
    ...(status !== undefined && !isDone && { status }),
    project_id: list.id,
  })
  return { task: isDone ? await finish(change, made, completedAt ?? change.now) : made, isExact: true }
}

const blank = {
  title: '',
  description: null,
  status: 'pending',
  priority: 'none',
  due: null,
  start: null,
  labels: [],
  recurrence: null,
  reminders: [],
} as const

async function update(change: Change, there: DavObject, after: Read, text: string) {
  const { tx, userId, timezone, now } = change
  const textBefore = textOf(there)
  const before = readVtodo(textBefore, timezone)
  const { status, ...changes } = differences(before.task, after.task)
  const isOccurrence = there.row.rrule !== null && status === 'completed' && after.rrule !== undefined
  // A series of which an occurrence is done has no rule among the fields of its task, and still has it.
  if (isOccurrence) delete changes.recurrence
  const changed = await changeTask(
    change,
    there.row.id,
    { ...changes, ...(status !== undefined && status !== 'completed' && { status }) },
    anyVersion,
  )
  const at = after.completedAt ?? now
  // What is kept is not what was sent: another occurrence is due.
  if (isOccurrence) return { task: await finish(change, changed, at), isExact: false }
  if (status === 'completed') return { task: await finish(change, changed, at), isExact: true }

  let task = changed
  const zone = task.dueZone ?? timezone
  const known = new Set(doneOverridesIn(textBefore, zone).map(({ keys }) => keys.join()))
  for (const { keys, completedAt } of doneOverridesIn(text, zone)) {
    if (known.has(keys.join()) || task.rrule === null || task.status === 'completed') continue
    const isCurrent = keys.some((key) => key === task.occurrenceKey || key === task.startKey)
    if (isCurrent) task = await finish(change, task, completedAt ?? now)
  }
  return { task: await findTask(tx, userId, task.id), isExact: true }
}

/** What a text says otherwise than the one before. Programs that do not know an estimate leave it out. */
function differences(before: NewTask, after: NewTask): TaskChanges {
  const changes: Record<string, unknown> = {}
  for (const [name, nothing] of Object.entries(blank)) {
    const [was, is] = [before, after].map((task) => task[name as keyof NewTask] ?? nothing)
    if (JSON.stringify(was) !== JSON.stringify(is)) changes[name] = is
  }
  const { estimated_minutes: minutes } = after
  if (minutes !== undefined && minutes !== before.estimated_minutes) changes.estimated_minutes = minutes
  return changes
}

/** Makes it a subtask of what it names. Returns the uid of a parent that is not there, or that has no room for it. */
async function linkToParent(
  change: Change,
  task: TaskRow,
  { parentUid, uid }: ReadObject,
  before: Named | undefined,
): Promise<string | null> {
  const { tx, userId } = change
  if (parentUid === before?.parentUid && task.parentId !== null) return null
  const parent = parentUid === uid ? undefined : await lookUpKnown(tx, userId, parentUid)
  if (parent !== undefined && isIn(task.projectId, parent)) {
    if (await isLinked(change, task, parent)) return null
  } else if (task.parentId !== null) {
    await changeTask(change, task.id, { parent_id: null }, anyVersion)
  }
  return parentUid === undefined || parentUid.length > 255 ? null : parentUid
}

async function isLinked(change: Change, task: TaskRow, parent: TaskRow): Promise<boolean> {
  try {
    await changeTask(change, task.id, { parent_id: parent.id }, anyVersion)
    return true
  } catch (error) {
    if (error instanceof Problem) return false // a cycle, or too many levels: the text keeps what it says
    throw error
  }
}

/** Tasks that named it as their parent before it was there. */
async function adoptChildren(change: Change, task: TaskRow, uid: string, list: ProjectRow): Promise<void> {
  const { tx, userId, seq } = change
  const { calendarObjects } = tx.tables
  const waiting = await tx.list(calendarObjects, {
    equal: { userId, parentUid: uid },
    limit: 500,
    index: 'calendar_objects_parent_idx',
  })
  const children = new Map(
    (
      await tasksWithIds(
        tx,
        userId,
        waiting.map(({ taskId }) => taskId),
      )
    ).map((row) => [row.id, row]),
  )
  for (const { id, taskId, sourceSeq } of waiting) {
    const child = children.get(taskId)
    if (child === undefined || !isIn(list.id, child) || child.parentId !== null || child.id === task.id) continue
    const isExact = sourceSeq === child.changeSeq
    if (await isLinked(change, child, task)) {
      await tx.updateOne(calendarObjects, { id }, { parentUid: null, ...(isExact && { sourceSeq: seq }) })
    }
  }
}

type Kept = Pick<Named, 'uid' | 'source' | 'sourceSeq'> & { name: string | null; parentUid: string | null }

async function keepObject({ tx, userId }: Change, { id: taskId }: TaskRow, object: Kept): Promise<void> {
  const { calendarObjects } = tx.tables
  await tx.deleteMany(calendarObjects, { userId, taskId })
  await tx.insertMany(calendarObjects, [{ userId, taskId, ...object }])
}

/** Moves a task to the trash by itself: its subtasks stay, and keep its uid. Throws PreconditionFailed. */
export async function deleteObject(
  change: Change,
  sweeps: Sweeps,
  { row: { id }, named }: DavObject,
  project: ProjectRow,
  requireVersion: Precondition,
): Promise<void> {
  const { tx, userId } = change
  const task = await findTask(tx, userId, id)
  requireVersion(task)
  const children = (await treeOf(tx, userId, id)).filter(
    ({ parentId, shelf }) => parentId === id && shelf !== trashShelf,
  )
  const objects = await objectsOf(
    tx,
    userId,
    children.map((child) => child.id),
  )
  for (const child of children) {
    const moved = await moveTo(change, child, { project, parent: null })
    const { uid = derivedUid(child), source = null, sourceSeq = null, name = null } = objects.get(child.id) ?? {}
    const isExact = sourceSeq === child.changeSeq
    await keepObject(change, moved, {
      uid,
      source,
      sourceSeq: isExact ? moved.changeSeq : sourceSeq,
      name,
      parentUid: named.uid,
    })
  }
  await trashTask(change, sweeps, id, anyVersion)
}
