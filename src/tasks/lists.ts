import { eq, sql } from 'drizzle-orm'
import type { Database, List, Query } from '../database/database.ts'
import { type Page, readRows } from '../http/paging.ts'
import { invalidParameter } from '../http/problems.ts'
import { lookUpProject } from '../projects/store.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { cursorOf, type Keys, keysIn } from './cursors.ts'
import { type Filter, filterOf, hasWords, type Narrow, type SortName, type TaskQuery, testsOf } from './filters.ts'
import { archivedShelf, listedShelves } from './shelves.ts'
import { tasksWithIds } from './store.ts'
import type { TaskRow } from './table.ts'

/** Rows that are sorted here at most. */
const maxGathered = 1_000

type Tasks = Database['tables']['tasks']
type Column = 'id' | 'dueKey' | 'priorityRank' | 'changeSeq' | 'position'

interface Order {
  readonly columns: readonly Column[]
  readonly descending: boolean
}

/** What a row that is sorted here is known by. */
type Gathered = Narrow & Pick<TaskRow, 'changeSeq' | 'position' | 'title'>
const gatheredColumns = [
  'id',
  'status',
  'shelf',
  'projectId',
  'parentId',
  'priorityRank',
  'dueKey',
  'dueAt',
  'labels',
  'changeSeq',
  'position',
  'title',
] as const

type Entry = Omit<List<Tasks>, 'limit' | 'after' | 'columns'>

/**
 * A page of the user's tasks. One range of an index answers what it can (a merge of several statuses). A narrow filter is
 * sorted here, from 1,000 rows at most. Otherwise up to 5,000 rows are read in the order that is asked for, so that a page
 * may be short or empty although there is more. In each case the cost has a bound, whatever the number of tasks.
 * Throws InvalidInput.
 */
export async function listTasks(db: Database, user: AuthenticatedUser, query: TaskQuery): Promise<Page<TaskRow>> {
  const filter = await scoped(db, user, filterOf(query, user, Date.now()))
  const isReversed = query.sort.startsWith('-')
  const sort = (isReversed ? query.sort.slice(1) : query.sort) as SortName
  if (sort === 'position' && filter.projectId === undefined && filter.parentId == null) {
    throw invalidParameter('sort', 'can be position only with project_id or parent_id')
  }
  if (sort === 'title') return byTitle(db, user, query, filter, isReversed)

  const order = orderOf(sort, isReversed)
  const start = startOf(query, order)
  const found = entryFor(user.id, filter, sort, order)
  const tests = testsOf(filter, found.covered)
  const needsTests = tests.length > 0 || filter.words.length > 0
  const gathered = tests.length > 0 ? await gather(db, user.id, filter) : undefined
  const { items, last } = gathered
    ? await sorted(db, user.id, query.limit, start, filter, inOrder(gathered, filter, order), order)
    : await readRows(
        query.limit,
        start,
        (after, limit) => db.list(db.tables.tasks, { ...found.entry, after, limit }),
        needsTests ? (row) => tests.every((test) => test(row)) && hasWords(filter, row) : undefined,
      )
  return {
    items,
    next:
      last &&
      cursorOf(
        query,
        order.columns.map((column) => last[column]),
      ),
  }
}

/** A project that is archived has its tasks on one shelf; what is asked for of others is on the shelves of statuses. */
async function scoped(db: Database, { id: userId }: AuthenticatedUser, filter: Filter): Promise<Filter> {
  if (filter.projectId === undefined || filter.shelves?.some((shelf) => shelf > archivedShelf)) return filter
  const project = await lookUpProject(db, userId, filter.projectId)
  return project?.archivedAt == null ? filter : { ...filter, shelves: [archivedShelf] }
}

function orderOf(sort: Exclude<SortName, 'title'>, isReversed: boolean): Order {
  switch (sort) {
    case 'created_at':
      return { columns: ['id'], descending: isReversed }
    case 'due':
      return { columns: ['dueKey', 'id'], descending: isReversed }
    case 'priority': // the most urgent has the lowest rank
      return { columns: ['priorityRank', 'dueKey', 'id'], descending: !isReversed }
    case 'updated_at':
      return { columns: ['changeSeq', 'id'], descending: isReversed }
    case 'position':
      return { columns: ['position', 'id'], descending: isReversed }
  }
}

const typeOf = (column: Column) => (column === 'dueKey' || column === 'position' ? 'string' : 'number')

function startOf(query: TaskQuery, { columns }: Order): Partial<TaskRow> | undefined {
  const keys = keysIn(query, columns.map(typeOf))
  return keys && Object.fromEntries(columns.map((column, i) => [column, keys[i]!]))
}

/** The index to enter by in this order, and what of the filter it sees to. */
function entryFor(userId: number, filter: Filter, sort: Exclude<SortName, 'title'>, { columns, descending }: Order) {
  const { shelves, projectId, due, ranks } = filter
  const entry = { order: columns, descending }
  const onShelves = { shelf: shelves ?? listedShelves }
  const hasProjectIndex = projectId !== undefined && (sort === 'created_at' || sort === 'position')
  if (hasProjectIndex) {
    const index = sort === 'position' ? 'tasks_project_position_idx' : 'tasks_project_created_idx'
    return { covered: { project: true }, entry: { ...entry, equal: { userId, projectId }, among: onShelves, index } }
  }
  switch (sort) {
    case 'created_at':
      return shelves === undefined
        ? { covered: {}, entry: { ...entry, equal: { userId, hidden: 0 }, index: 'tasks_user_listed_idx' } }
        : { covered: {}, entry: { ...entry, equal: { userId }, among: onShelves, index: 'tasks_user_created_idx' } }
    case 'due': {
      const index = 'tasks_user_due_idx'
      return { covered: { due: true }, entry: { ...entry, equal: { userId }, among: onShelves, range: due, index } }
    }
    case 'priority': {
      const among = { ...onShelves, ...(ranks && { priorityRank: ranks }) }
      const index = 'tasks_user_priority_idx'
      return { covered: { ranks: true }, entry: { ...entry, equal: { userId }, among, index } }
    }
    case 'updated_at':
    case 'position': {
      const index = 'tasks_user_changed_idx'
      return { covered: {}, entry: { ...entry, equal: { userId }, among: onShelves, index } }
    }
  }
}

/** The rows of the first part of the filter that has 1,000 at most; undefined if none has. */
async function gather(
  db: Database,
  userId: number,
  filter: Filter,
  sources = narrowSources(userId, filter),
): Promise<Gathered[] | undefined> {
  for (const nameKey of filter.labels) {
    const label = await db.find(db.tables.labels, { userId, nameKey })
    if (label === undefined) return []
    const rows = await db.all(labelled, { userId, labelId: label.id })
    if (rows.length <= maxGathered) return rows
  }
  for (const source of sources) {
    const rows = await db.list(db.tables.tasks, { ...source, columns: gatheredColumns, limit: maxGathered + 1 })
    if (rows.length <= maxGathered) return rows
  }
  return undefined
}

/** Parts of a filter that may be narrow, the narrowest in most cases first. */
function narrowSources(userId: number, { shelves, parentId, projectId, due, ranks }: Filter): Entry[] {
  const among = { shelf: shelves ?? listedShelves }
  const sources: Entry[] = []
  if (parentId != null) sources.push({ equal: { userId, parentId }, among, index: 'tasks_parent_idx' })
  if (due.from !== undefined || due.before !== undefined) {
    sources.push({ equal: { userId }, among, range: due, order: ['dueKey', 'id'], index: 'tasks_user_due_idx' })
  }
  if (projectId !== undefined) {
    sources.push({ equal: { userId, projectId }, among, index: 'tasks_project_created_idx' })
  }
  if (ranks) {
    const order = ['priorityRank', 'dueKey', 'id'] as const
    sources.push({
      equal: { userId },
      among: { ...among, priorityRank: ranks },
      order,
      index: 'tasks_user_priority_idx',
    })
  }
  return sources
}

const labelled: Query<Gathered, { userId: number; labelId: number }> = ({
  select,
  parameter,
  tables: { tasks, taskLabels },
}) =>
  select({
    id: tasks.id,
    status: tasks.status,
    shelf: tasks.shelf,
    projectId: tasks.projectId,
    parentId: tasks.parentId,
    priorityRank: tasks.priorityRank,
    dueKey: tasks.dueKey,
    dueAt: tasks.dueAt,
    labels: tasks.labels,
    changeSeq: tasks.changeSeq,
    position: tasks.position,
    title: tasks.title,
  })
    .from(taskLabels)
    .innerJoin(tasks, eq(tasks.id, taskLabels.taskId))
    .where(
      sql`${taskLabels.labelId} = ${parameter(taskLabels.labelId, 'labelId')} and ${tasks.userId} = ${parameter(tasks.userId, 'userId')}`,
    )
    .limit(sql.raw(String(maxGathered + 1)) as never)

/** The gathered rows that are asked for, sorted. */
function inOrder(rows: Gathered[], filter: Filter, { columns, descending }: Order): Gathered[] {
  const compare = (a: Gathered, b: Gathered) => {
    const column = columns.find((name) => a[name] !== b[name])
    return column === undefined ? 0 : a[column] < b[column] ? -1 : 1
  }
  const asked = thoseAskedFor(rows, filter).toSorted(compare)
  return descending ? asked.reverse() : asked
}

function thoseAskedFor(rows: Gathered[], filter: Filter): Gathered[] {
  const tests = testsOf(filter, {})
  const shelves = filter.shelves ?? listedShelves
  return rows.filter((row) => shelves.includes(row.shelf) && tests.every((test) => test(row)))
}

/** A page of rows that are sorted already, after `start` in their order. */
async function sorted(
  db: Database,
  userId: number,
  limit: number,
  start: Partial<TaskRow> | undefined,
  filter: Filter,
  rows: Gathered[],
  { columns, descending }: Order,
) {
  const isAfterStart = (row: Gathered) => {
    const column = columns.find((name) => row[name] !== start![name])
    return column !== undefined && row[column] > start![column]! !== descending
  }
  const rest = start === undefined ? rows : rows.filter(isAfterStart)
  return readSorted(db, userId, limit, filter, rest)
}

function readSorted(db: Database, userId: number, limit: number, filter: Filter, rows: Gathered[]) {
  const places = new Map(rows.map(({ id }, i) => [id, i]))
  const read = async (after: Partial<TaskRow> | undefined, count: number) => {
    const found: TaskRow[] = []
    // One that was deleted since it was gathered is passed over.
    for (let at = after ? places.get(after.id!)! + 1 : 0; at < rows.length && found.length < count; ) {
      const ids = rows.slice(at, at + count - found.length).map(({ id }) => id)
      found.push(...(await tasksWithIds(db, userId, ids)))
      at += ids.length
    }
    return found
  }
  return readRows(limit, undefined, read, filter.words.length === 0 ? undefined : (row) => hasWords(filter, row))
}

/** By title, compared without case, by code points. Throws InvalidInput for more tasks than are sorted here. */
async function byTitle(
  db: Database,
  { id: userId }: AuthenticatedUser,
  query: TaskQuery,
  filter: Filter,
  isReversed: boolean,
): Promise<Page<TaskRow>> {
  const among = { shelf: filter.shelves ?? listedShelves }
  const whole: Entry = { equal: { userId }, among, index: 'tasks_user_created_idx' }
  const gathered = await gather(db, userId, filter, [...narrowSources(userId, filter), whole])
  if (gathered === undefined) {
    throw invalidParameter('sort', `cannot be title for more than ${maxGathered} tasks: narrow the list`)
  }
  const titled = thoseAskedFor(gathered, filter).map((row) => ({ row, title: titleKeyOf(row.title) }))
  titled.sort((a, b) => compareTitles(a.title, a.row.id, b.title, b.row.id))
  if (isReversed) titled.reverse()
  const [title, id] = (keysIn(query, ['string', 'number']) ?? []) as [string?, number?]
  const isAfter = (each: (typeof titled)[0]) =>
    compareTitles(each.title, each.row.id, title!, id!) * (isReversed ? -1 : 1) > 0
  const rest = (title === undefined ? titled : titled.filter(isAfter)).map(({ row }) => row)
  const { items, last } = await readSorted(db, userId, query.limit, filter, rest)
  return { items, next: last && cursorOf(query, [titleKeyOf(last.title), last.id] satisfies Keys) }
}

const titleKeyOf = (title: string) => title.normalize('NFKC').toLowerCase()

function compareTitles(a: string, aId: number, b: string, bId: number): number {
  // UTF-8 sorts as code points do, UTF-16 does not.
  return a === b ? aId - bId : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
