import { type Static, Type } from '@sinclair/typebox'
import { invalidParameter } from '../http/problems.ts'
import { defaulted, Id, words } from '../http/schemas.ts'
import { nameKeyOf } from '../labels/names.ts'
import { LabelName } from '../labels/schemas.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { noWall, wallTimeAt } from '../values/walls.ts'
import { labelNamesOf, Priority, TaskStatus } from './schemas.ts'
import { matches, maxWords, wordsOf } from './search.ts'
import { archivedShelf, trashShelf } from './shelves.ts'
import { priorities, type TaskRow, taskStatuses } from './table.ts'

const sortNames = ['created_at', 'due', 'priority', 'updated_at', 'position', 'title'] as const
export type SortName = (typeof sortNames)[number]
const sorts = sortNames.flatMap((name) => [name, `-${name}` as const])

const flag = (description: string) => Type.Optional(Type.Boolean({ description, examples: [true] }))

const wallPattern =
  '^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])?$'
const wallBound = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: wallPattern,
      maxLength: 19,
      description: `${description} A date, or a date and time (2026-12-01T09:00:00), compared with what \`due\` says in its own time zone.`,
      examples: ['2026-12-01'],
    }),
  )

const maxPageLength = 500

export const TaskQuery = Type.Object(
  {
    status: Type.Optional(
      Type.Array(TaskStatus, {
        maxItems: taskStatuses.length,
        description: 'Tasks with one of these statuses: repeated, or separated by commas.',
        examples: [['pending', 'in_progress']],
      }),
    ),
    open: flag('With `true`, tasks that are still to be done: `pending` and `in_progress`.'),
    priority: Type.Optional(
      Type.Array(Priority, {
        maxItems: priorities.length,
        description: 'Tasks with one of these priorities: repeated, or separated by commas.',
        examples: [['urgent', 'high']],
      }),
    ),
    label: Type.Optional(
      Type.Array(LabelName, {
        maxItems: 3,
        description: 'Tasks that have each of these labels, by name: repeated, or separated by commas.',
        examples: [['errands']],
      }),
    ),
    project_id: Type.Optional(
      Id({ description: 'Tasks of this project. Those of an archived project are listed only so.', examples: [3] }),
    ),
    parent_id: Type.Optional(
      Type.String({
        pattern: '^(none|[1-9][0-9]{0,14})$',
        maxLength: 15,
        description: 'Subtasks of this task; with `none`, tasks that are no subtasks.',
        examples: ['none'],
      }),
    ),
    due_after: wallBound('Tasks due at this time or later.'),
    due_before: wallBound('Tasks due before this time.'),
    due: Type.Optional(words(['none'], { description: 'With `none`, tasks without `due`.', examples: ['none'] })),
    overdue: flag('With `true`, open tasks whose `due` is over: a date, when its day has ended in your time zone.'),
    q: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        pattern: '[\\p{L}\\p{N}]',
        description: `Tasks with all of these words in title and description, ${maxWords} at most. Case and diacritics do not matter; the last word, if it has three letters or more, may be the beginning of one.`,
        examples: ['milk'],
      }),
    ),
    trashed: flag('With `true`, tasks in the trash.'),
    sort: defaulted(
      words(sorts, {
        title: 'TaskSort',
        default: '-created_at',
        description:
          'The order; `-` reverses it. `due` has tasks without it last, `-priority` has urgent ones first and then by `due`, `position` needs `project_id` or `parent_id`, and `title` at most 1,000 tasks to sort.',
        examples: ['due'],
      }),
    ),
    limit: defaulted(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: maxPageLength,
        default: 100,
        description: 'The maximum number of items on the page. A page of long items ends early, at about a megabyte.',
        examples: [50],
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]+$',
        maxLength: 4_000,
        description: 'Where the page starts: the cursor in the `next` link of the previous page. It is opaque.',
        examples: ['WzEsIi1jcmVhdGVkX2F0Iiw0Ml0'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type TaskQuery = Static<typeof TaskQuery>

/** What a list asks for, as tasks are kept. */
export interface Filter {
  /** The shelves that hold what is asked for; undefined: all that are listed. */
  readonly shelves: readonly number[] | undefined
  readonly statuses: ReadonlySet<string> | undefined
  readonly ranks: readonly number[] | undefined
  /** The keys of labels' names. */
  readonly labels: readonly string[]
  readonly projectId: number | undefined
  /** Null for tasks that are no subtasks. */
  readonly parentId: number | null | undefined
  /** Bounds of the key of `due`. */
  readonly due: { readonly from?: string; readonly before?: string }
  readonly isOverdue: ((row: Pick<TaskRow, 'dueAt' | 'dueKey'>) => boolean) | undefined
  readonly words: ReturnType<typeof wordsOf>
}

const openStatuses = ['pending', 'in_progress'] as const
/** The clocks of Kiritimati are 25 hours ahead of those of Pago Pago. */
export const farthestZoneMs = 26 * 3_600_000

/** Throws InvalidInput for a query that means nothing. */
export function filterOf(query: TaskQuery, { timezone }: Pick<AuthenticatedUser, 'timezone'>, now: number): Filter {
  const statuses = statusesOf(query)
  const bounds = dueBounds(query, now)
  const words = query.q === undefined ? [] : wordsOf(query.q)
  if (query.q !== undefined && words.length === 0) throw invalidParameter('q', 'must have a letter or a digit')
  if (words.filter(({ isWhole }) => isWhole).length > maxWords) {
    throw invalidParameter('q', `must have ${maxWords} words at most`)
  }
  return {
    shelves: query.trashed ? [trashShelf] : statuses?.map((status) => taskStatuses.indexOf(status)),
    statuses: statuses && new Set(statuses),
    ranks: query.priority && [...new Set(query.priority.map((name) => priorities.indexOf(name)))],
    labels: [...new Set((query.label ?? []).map(nameKeyOf))],
    projectId: query.project_id,
    parentId: query.parent_id === undefined ? undefined : query.parent_id === 'none' ? null : Number(query.parent_id),
    due: bounds,
    isOverdue: query.overdue ? overdueAt(now, timezone) : undefined,
    words,
  }
}

/** Undefined for any. */
function statusesOf({ status, open, overdue }: TaskQuery): TaskRow['status'][] | undefined {
  const asked = status && [...new Set(status)]
  if (!open && !overdue) return asked
  return openStatuses.filter((each) => asked?.includes(each) ?? true)
}

function dueBounds({ due_after, due_before, due, overdue }: TaskQuery, now: number): Filter['due'] {
  const isDated = due_after !== undefined || due_before !== undefined || overdue
  const before = [
    ...(isDated ? [noWall] : []),
    ...(due_before === undefined ? [] : [due_before]),
    ...(overdue ? [wallTimeAt(now + farthestZoneMs, 'UTC')] : []),
  ].toSorted()[0]
  const from = due === 'none' ? noWall : due_after
  return { ...(from !== undefined && { from }), ...(before !== undefined && { before }) }
}

/** Whether the due of an open task is over. */
export function overdueAt(now: number, timezone: string): NonNullable<Filter['isOverdue']> {
  const today = wallTimeAt(now, timezone).slice(0, 10)
  return ({ dueAt, dueKey }) => (dueAt === null ? dueKey.slice(0, 10) < today : dueAt < now)
}

/** What is asked of a row in addition to where it was found. Texts are read for `words` alone. */
export type Narrow = Pick<
  TaskRow,
  'id' | 'status' | 'shelf' | 'projectId' | 'parentId' | 'priorityRank' | 'dueKey' | 'dueAt' | 'labels'
>

/** Which parts of a filter an index has seen to. */
export interface Covered {
  readonly project?: boolean
  readonly due?: boolean
  readonly ranks?: boolean
}

/** The tests that remain; none if every row that is found is one that is asked for. */
export function testsOf(filter: Filter, covered: Covered): ((row: Narrow) => boolean)[] {
  const { statuses, ranks, labels, projectId, parentId, due, isOverdue } = filter
  const tests: ((row: Narrow) => boolean)[] = []
  // The shelves of archived tasks and of the trash hold all statuses.
  if (statuses && (filter.shelves?.some((shelf) => shelf >= archivedShelf) ?? false)) {
    tests.push(({ status }) => statuses.has(status))
  }
  if (projectId !== undefined && !covered.project) tests.push((row) => row.projectId === projectId)
  if (parentId !== undefined) tests.push((row) => row.parentId === parentId)
  if (ranks && !covered.ranks) tests.push(({ priorityRank }) => ranks.includes(priorityRank))
  const { from, before } = due
  if (from !== undefined && !covered.due) tests.push(({ dueKey }) => dueKey >= from)
  if (before !== undefined && !covered.due) tests.push(({ dueKey }) => dueKey < before)
  if (isOverdue) tests.push(isOverdue)
  if (labels.length > 0) tests.push((row) => hasAll(row, labels))
  return tests
}

function hasAll(row: Narrow, keys: readonly string[]): boolean {
  const own = labelNamesOf(row).map(nameKeyOf)
  return keys.every((key) => own.includes(key))
}

export const hasWords = ({ words }: Filter, { title, description }: TaskRow): boolean =>
  words.length === 0 || matches(words, title, description)
