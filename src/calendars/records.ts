/** What a file for import holds, whichever its format. */
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { parse } from 'csv-parse'
import { type CompletionRow, outcomes } from '../completions/table.ts'
import { InvalidInput } from '../http/problems.ts'
import { isTooLong } from '../labels/names.ts'
import { maxLabels } from '../labels/store.ts'
import { maxProjects } from '../projects/store.ts'
import type { priorities, TaskRow } from '../tasks/table.ts'
import { isTimezone } from '../values/timezones.ts'
import { isDay, keyOf, noWall, type Wall } from '../values/walls.ts'
import { readVtodo, vtodosIn } from './ical.ts'

/** One task of a file. What it says of others, it says by their names in the file. */
export interface FileRecord {
  /** What the file calls it, for others in the file. */
  readonly key?: string | undefined
  /** What it is called in every file: one with the same name is the same task. */
  readonly uid?: string | undefined
  readonly parentUid?: string | undefined
  readonly project?: string | undefined
  readonly completedAt?: number | undefined
  readonly createdAt?: number | undefined
  readonly isTrashed?: boolean
  readonly source?: string
  readonly position?: string | undefined
  readonly comments?: readonly FileComment[]
  readonly completions?: readonly FileCompletion[]
  readonly series?: Pick<TaskRow, 'anchorKey' | 'occurrenceKey' | 'occurrence'> | undefined
  /** Not validated yet. */
  readonly task: unknown
}

export interface FileComment {
  readonly body: string
  readonly createdAt: number | undefined
}

export type FileCompletion = Pick<CompletionRow, 'dueKey' | 'dueZone' | 'completedAt' | 'outcome' | 'missed'>

/** A list that tasks are in, or a label. */
export interface FileGroup {
  readonly name: string
  readonly color: string | null
  readonly isArchived: boolean
}

export interface FileContents {
  readonly records: readonly FileRecord[]
  readonly projects?: readonly FileGroup[]
  readonly labels?: readonly FileGroup[]
}

export const formats = ['json', 'csv', 'ics'] as const
export type Format = (typeof formats)[number]

/** Throws InvalidInput for what is not of this format; `body` is the text of the file, or of JSON what it holds. */
export async function contentsOf(body: unknown, format: Format, timezone: string): Promise<FileContents> {
  const withoutMark = String(body).replace(/^\ufeff/, '')
  switch (format) {
    case 'json':
      return inJson(body)
    case 'csv':
      return { records: await inCsv(withoutMark) }
    case 'ics':
      return { records: await inCalendar(withoutMark, timezone) }
  }
}

const invalidFile = (detail: string) => new InvalidInput({ detail, errors: [{ detail, pointer: '' }] })

/** Records that are read before others have their turn: a VTODO takes a fifth of a millisecond. */
const recordsAtOnce = 50

async function inCalendar(text: string, timezone: string): Promise<FileRecord[]> {
  if (!/^BEGIN:VCALENDAR/i.test(text.trimStart())) throw invalidFile('The body is no iCalendar file.')
  const records: FileRecord[] = []
  for (const source of vtodosIn(text)) {
    records.push(inVtodo(source, timezone))
    if (records.length % recordsAtOnce === 0) await setImmediate()
  }
  return records
}

function inVtodo(source: string, timezone: string): FileRecord {
  try {
    const { uid, parentUid, completedAt, task } = readVtodo(source, timezone)
    return { uid, parentUid, completedAt, source, task }
  } catch {
    return { task: undefined } // refused like any other record that is no task
  }
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const listIn = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const textIn = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** Our own export, or Vikunja's `data.json`. */
function inJson(document: unknown): FileContents {
  if (isObject(document) && Array.isArray(document.tasks)) return inOurs(document)
  const isVikunja = Array.isArray(document) && document.some((project) => isObject(project) && 'title' in project)
  if (isVikunja) return { records: listIn(document).flatMap(inVikunja) }
  throw invalidFile('The body has no tasks: it must be the JSON of GET /tasks/export, or the data.json of Vikunja.')
}

const inputs = [
  'title',
  'description',
  'status',
  'priority',
  'due',
  'start',
  'estimated_minutes',
  'labels',
  'recurrence',
  'reminders',
]

function inOurs(document: Json): FileContents {
  const names = new Map(
    listIn(document.projects).map(({ id, name, is_inbox }) => [id, is_inbox ? undefined : textIn(name)]),
  )
  const comments = Map.groupBy(listIn(document.comments), ({ task_id }) => task_id)
  const completions = Map.groupBy(listIn(document.completions), ({ task_id }) => task_id)
  const records = listIn(document.tasks).map((task) => ({
    uid: textIn(task.uid),
    parentUid: textIn(task.parent_uid),
    project: names.get(task.project_id),
    completedAt: timeIn(task.completed_at),
    createdAt: timeIn(task.created_at),
    isTrashed: textIn(task.deleted_at) !== undefined,
    position: textIn(task.position),
    comments: (comments.get(task.id) ?? []).flatMap(commentIn).toReversed(),
    // The latest comes first in the file, and has the highest id in the ledger.
    completions: (completions.get(task.id) ?? []).flatMap(completionIn).toReversed(),
    series: seriesIn(task.series),
    task: Object.fromEntries(inputs.flatMap((name) => (task[name] === undefined ? [] : [[name, task[name]]]))),
  }))
  const projects = listIn(document.projects).filter(({ is_inbox, deleted_at }) => !is_inbox && !textIn(deleted_at))
  return {
    records,
    projects: projects.slice(0, maxProjects).flatMap(groupIn(isProjectName)),
    labels: listIn(document.labels).slice(0, maxLabels).flatMap(groupIn(isLabelName)),
  }
}

const commentIn = ({ body, created_at }: Json): FileComment[] =>
  textIn(body) === undefined ? [] : [{ body: body as string, createdAt: timeIn(created_at) }]

function completionIn({ due, completed_at, outcome, missed }: Json): FileCompletion[] {
  const completedAt = timeIn(completed_at)
  const wall = wallOfJson(due)
  const isOutcome = outcomes.some((each) => each === outcome)
  const isCount = Number.isSafeInteger(missed) && (missed as number) >= 0 && (missed as number) < 1e6
  if (completedAt === undefined || !isOutcome || !isCount) return []
  return [
    {
      dueKey: wall === undefined ? noWall : keyOf(wall),
      dueZone: wall?.timezone ?? null,
      completedAt,
      outcome: outcome as CompletionRow['outcome'],
      missed: missed as number,
    },
  ]
}

function seriesIn(series: unknown): FileRecord['series'] {
  if (!isObject(series)) return undefined
  const { number } = series
  const [first, current] = [wallOfJson(series.first), wallOfJson(series.current)]
  const isNumber = Number.isSafeInteger(number) && (number as number) >= 1 && (number as number) < 1e6
  return first && current && isNumber
    ? { anchorKey: keyOf(first), occurrenceKey: keyOf(current), occurrence: number as number }
    : undefined
}

function wallOfJson(value: unknown): Wall | undefined {
  if (!isObject(value)) return undefined
  const { date, datetime, timezone } = value
  const day = String(date ?? datetime).slice(0, 10)
  if (!/^[12]\d{3}-\d\d-\d\d$/.test(day) || !isDay(day)) return undefined
  if (date !== undefined) return date === day ? { date: day } : undefined
  const isTime = /^T([01]\d|2[0-3])(:[0-5]\d){2}$/.test(String(datetime).slice(10))
  return isTime && typeof timezone === 'string' && isTimezone(timezone)
    ? { datetime: datetime as string, timezone }
    : undefined
}

/** Names that a project or a label can have; the others do not come into being. */
const groupIn =
  (isName: (name: string) => boolean) =>
  ({ name, color, archived_at }: Json): FileGroup[] => {
    if (typeof name !== 'string' || !isName(name)) return []
    const isColor = typeof color === 'string' && /^#[0-9a-f]{6}$/.test(color)
    return [{ name, color: isColor ? color : null, isArchived: textIn(archived_at) !== undefined }]
  }
const isProjectName = (name: string) => name.length <= 120 && name.trim() === name && isStorable(name)
const isLabelName = (name: string) =>
  !name.includes(',') && name.trim() === name && !isTooLong(name) && isStorable(name)
const isStorable = (name: string) => /\S/.test(name) && !name.includes('\0') && name.isWellFormed()

const timeIn = (value: unknown): number | undefined => {
  const ms = Date.parse(textIn(value) ?? '')
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms
}

/** Vikunja's priorities: 1 is low, 2 medium, 3 high, 4 urgent, 5 "do now". */
const vikunjaPriorities = ['none', 'low', 'medium', 'high', 'urgent', 'urgent']

function inVikunja(project: Json): FileRecord[] {
  return listIn(project.tasks).map((task) => {
    const due = timeIn(task.due_date)
    const start = timeIn(task.start_date)
    const parent = listIn(isObject(task.related_tasks) ? task.related_tasks.parenttask : undefined)[0]
    return {
      uid: `vikunja-${String(task.id)}`,
      parentUid: parent && `vikunja-${String(parent.id)}`,
      project: textIn(project.title),
      completedAt: timeIn(task.done_at),
      createdAt: timeIn(task.created),
      comments: listIn(task.comments).flatMap(({ comment, created }) =>
        commentIn({ body: comment, created_at: created }),
      ),
      task: {
        title: task.title,
        ...(textIn(task.description) !== undefined && { description: task.description }),
        ...(task.done === true && { status: 'completed' }),
        priority: vikunjaPriorities[Number(task.priority)] ?? 'none',
        ...(due !== undefined && { due: instantIn(due) }),
        ...(start !== undefined && due !== undefined && start <= due && { start: instantIn(start) }),
        labels: listIn(task.labels).flatMap(({ title }) => labelIn(title)),
      },
    }
  })
}

const instantIn = (ms: number) => ({ datetime: new Date(ms).toISOString().slice(0, 19), timezone: 'UTC' })
const labelIn = (name: unknown) => textIn(name)?.replaceAll(',', ' ').trim() || []

/** Spreadsheets read a cell that begins so as a formula; another apostrophe makes it text, and import takes it off. */
const formula = /^'*[=+\-@\t\r＝＋－＠]/
export const guarded = (cell: string) => (formula.test(cell) ? `'${cell}` : cell)
const unguarded = (cell: string) => (cell.startsWith("'") && formula.test(cell.slice(1)) ? cell.slice(1) : cell)

export const csvColumns = [
  'uid',
  'title',
  'description',
  'status',
  'priority',
  'due',
  'due_timezone',
  'start',
  'start_timezone',
  'estimated_minutes',
  'labels',
  'project',
  'parent_uid',
  'rrule',
  'repeat_from',
  'created_at',
  'completed_at',
] as const

/** Our own export, or a project that Todoist exported. */
async function inCsv(text: string): Promise<FileRecord[]> {
  const rows: Record<string, string>[] = []
  const parser = parse({ columns: true, bom: true, relax_column_count: true, skip_empty_lines: true })
  try {
    for await (const row of Readable.from(slicesOf(text)).pipe(parser)) rows.push(row)
  } catch {
    throw invalidFile('The body is no CSV.')
  }
  const [first] = rows
  if (first === undefined) return []
  if ('TYPE' in first && 'CONTENT' in first) return inTodoist(rows)
  if (!('title' in first)) throw invalidFile('The first line must name the columns, of which title is one.')
  return rows.map((row) => {
    const cell = (name: (typeof csvColumns)[number]) => textIn(unguarded(row[name] ?? ''))
    const moment = (name: 'due' | 'start') => wallIn(cell(name), cell(`${name}_timezone`))
    const minutes = cell('estimated_minutes')
    const rrule = cell('rrule')
    return {
      uid: cell('uid'),
      parentUid: cell('parent_uid'),
      project: cell('project'),
      completedAt: timeIn(cell('completed_at')),
      createdAt: timeIn(cell('created_at')),
      task: {
        title: cell('title') ?? '',
        ...(cell('description') && { description: cell('description') }),
        ...(cell('status') && { status: cell('status') }),
        ...(cell('priority') && { priority: cell('priority') }),
        ...(cell('due') && { due: moment('due') }),
        ...(cell('start') && { start: moment('start') }),
        ...(minutes && { estimated_minutes: /^\d+$/.test(minutes) ? Number(minutes) : minutes }),
        ...(cell('labels') && {
          labels: cell('labels')!
            .split(',')
            .map((name) => name.trim()),
        }),
        ...(rrule && { recurrence: { rrule, from: cell('repeat_from') ?? 'due' } }),
      },
    }
  })
}

/** The parser takes each as a whole. */
async function* slicesOf(text: string): AsyncGenerator<string> {
  const length = 64 * 1024
  for (let at = 0; at < text.length; at += length) {
    yield text.slice(at, at + length)
    await setImmediate()
  }
}

const wallIn = (text: string | undefined, timezone: string | undefined) =>
  text === undefined || text.length <= 10 ? { date: text } : { datetime: text, ...(timezone && { timezone }) }

const todoistPriorities: Record<string, (typeof priorities)[number]> = { 1: 'urgent', 2: 'high', 3: 'medium' }

/** What Todoist writes in words, such as "every day", becomes a line of the description. */
function inTodoist(rows: Record<string, string>[]): FileRecord[] {
  const above: string[] = []
  return rows
    .filter((row) => row.TYPE === 'task')
    .map((row, i) => {
      const key = `row ${i}`
      const indent = Math.max(1, Number(row.INDENT) || 1)
      above[indent] = key
      const labels = [...(row.CONTENT ?? '').matchAll(/(?:^|\s)@([\p{L}\p{N}_-]+)/gu)].map(([, name]) => name!)
      const title = (row.CONTENT ?? '').replaceAll(/(?:^|\s)@[\p{L}\p{N}_-]+/gu, '').trim()
      const date = /^\d{4}-\d\d-\d\d$/.exec(row.DATE ?? '')?.[0]
      const description = [row.DESCRIPTION, date === undefined && row.DATE ? `Date: ${row.DATE}` : ''].filter(Boolean)
      return {
        key,
        parentUid: indent > 1 ? above[indent - 1] : undefined,
        task: {
          title: title || (row.CONTENT ?? ''),
          ...(description.length > 0 && { description: description.join('\n\n') }),
          priority: todoistPriorities[row.PRIORITY ?? ''] ?? 'none',
          ...(date && { due: { date } }),
          labels,
        },
      }
    })
}
