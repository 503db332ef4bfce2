import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { and, asc, eq, getTableName, gt, or, type SQL, sql } from 'drizzle-orm'
import { beginNewEpoch } from '../changes/epochs.ts'
import type { Database, Query, Table, Tables } from '../database/database.ts'
import { parseDatabaseUrl } from '../database/url.ts'
import { connect } from '../tables/connect.ts'
import { say } from './on-database.ts'

/** Rows of one transaction of the target. */
const chunkLength = 500

type Row = Record<string, unknown>
interface Copied {
  readonly table: Table
  /** The columns of its primary key, by which it is read in order. */
  readonly key: readonly string[]
}

/** `npm run admin -- copy`: all data to a database of any kind, which is how a server moves from one to another. */
export function addCopyCommand(program: Command): void {
  program
    .command('copy')
    .requiredOption('--from <url>', 'the database to copy; stop its server first')
    .requiredOption('--to <url>', 'an empty database of any kind')
    .option('--resume', 'go on with a copy that broke off')
    .description('copy everything to an empty database of any kind, and compare the two')
    .action((options: CopyOptions) => copy(options))
}

interface CopyOptions {
  from: string
  to: string
  resume?: true
}

async function copy({ from, to, resume }: CopyOptions): Promise<void> {
  const [source, target] = [parseDatabaseUrl(from), parseDatabaseUrl(to)]
  if (source.location === target.location) throw new Error('--from and --to are the same database')
  if (source.dialect === 'sqlite' && !existsSync(source.location))
    throw new Error(`there is no database at ${source.location}`)
  const [db, copyDb] = [await connect(source), await connect(target)]
  try {
    const pending = await db.pendingMigrations()
    if (pending.length > 0)
      throw new Error(`migrations of --from are pending: ${pending.join(', ')}; run npm run db:migrate`)
    await copyDb.checkCharacters()
    await copyDb.migrate()
    if (!resume && (await countOf(copyDb, 'users')) > 0) {
      throw new Error('--to is not empty: empty it, or go on with a copy that broke off by --resume')
    }
    let total = 0
    for (const name of tableNames(db)) total += await copyTable(db, copyDb, name)
    await copyParents(db, copyDb)
    for (const name of tableNames(db)) await compare(db, copyDb, name)
    await continueIds(copyDb, target.dialect)
    const feeds = await beginNewEpoch(copyDb, Date.now())
    say(`copied and compared ${total} rows of ${feeds === 1 ? '1 account' : `${feeds} accounts`}`)
    say('ETags and sync tokens of the old database are refused by the new one. Use the same SECRET_KEY.')
  } finally {
    await Promise.all([db.close(), copyDb.close()])
  }
}

type TableName = keyof Tables & string

/** In an order in which each refers only to those before it. */
const tableNames = (db: Database): TableName[] => Object.keys(tablesOf(db)) as TableName[]

/** The tables of a database, with the keys by which they are read. */
const tablesOf = (db: Database): Record<string, Copied> =>
  Object.fromEntries(
    order.map((name) => {
      const table = db.tables[name]
      const key = 'id' in table ? ['id'] : (pairs[name] ?? ['userId'])
      return [name, { table, key }]
    }),
  )

/** The keys that are two columns. */
const pairs: Record<string, string[]> = { taskLabels: ['labelId', 'taskId'], projectViews: ['userId', 'projectId'] }

const order = [
  'users',
  'changeFeeds',
  'sessions',
  'personalAccessTokens',
  'mailLinks',
  'auditEvents',
  'projects',
  'projectViews',
  'labels',
  'tasks',
  'taskLabels',
  'completions',
  'comments',
  'reminders',
  'calendarObjects',
  'calendarFeeds',
  'deletions',
  'sweeps',
  'idempotencyKeys',
] as const satisfies TableName[]

/** Whether no table is forgotten. */
export const isEveryTableCopied = (db: Database): boolean =>
  Object.keys(db.tables).every((name) => (order as readonly string[]).includes(name))

async function copyTable(db: Database, copyDb: Database, name: TableName): Promise<number> {
  const { key } = tablesOf(db)[name]!
  const { table } = tablesOf(copyDb)[name]!
  const rows = await countOf(db, name)
  let start = await lastOf(copyDb, name)
  let done = await countOf(copyDb, name)
  for (let page = await pageOf(db, name, start); page.length > 0; page = await pageOf(db, name, start)) {
    // The parent of a task may have a higher id: they follow.
    const ready = name === 'tasks' ? page.map((row) => ({ ...row, parentId: null })) : page
    await copyDb.transaction((tx) => tx.insertMany(table as never, ready as never))
    start = Object.fromEntries(key.map((column) => [column, page.at(-1)![column]]))
    done += page.length
    progress(`${name}: ${done} of ${rows}`)
  }
  progress('')
  return rows
}

async function copyParents(db: Database, copyDb: Database): Promise<void> {
  const { tasks } = copyDb.tables
  let start: Row | undefined
  for (let page = await pageOf(db, 'tasks', start); page.length > 0; page = await pageOf(db, 'tasks', start)) {
    const children = page.filter(({ parentId }) => parentId !== null)
    await copyDb.transaction(async (tx) => {
      for (const { id, parentId } of children)
        await tx.updateMany(tasks, { id: id as number }, { parentId: parentId as number })
    })
    start = { id: page.at(-1)!.id }
  }
}

/** Throws when a table is not the same in both. */
async function compare(db: Database, copyDb: Database, name: TableName): Promise<void> {
  const [source, target] = [await checksum(db, name), await checksum(copyDb, name)]
  if (source !== target) throw new Error(`${name} is not the same in both: was the server of --from running?`)
}

async function checksum(db: Database, name: TableName): Promise<string> {
  const hash = createHash('sha256')
  const { key } = tablesOf(db)[name]!
  let start: Row | undefined
  for (let page = await pageOf(db, name, start); page.length > 0; page = await pageOf(db, name, start)) {
    for (const row of page) hash.update(JSON.stringify(row))
    start = Object.fromEntries(key.map((column) => [column, page.at(-1)![column]]))
  }
  return hash.digest('hex')
}

/** On PostgreSQL, new ids would begin from 1. */
async function continueIds(copyDb: Database, dialect: string): Promise<void> {
  if (dialect !== 'postgresql') return
  for (const name of tableNames(copyDb)) {
    const { table, key } = tablesOf(copyDb)[name]!
    if (key[0] !== 'id') continue
    await copyDb.all(continuing(table), {})
  }
}

const continuing =
  (table: Table): Query<object> =>
  ({ select }) =>
    select({
      id: sql`setval(pg_get_serial_sequence(${sql.raw(`'${getTableName(table)}'`)}, 'id'), greatest(1, max(id)))`,
    }).from(table)

async function countOf(db: Database, name: TableName): Promise<number> {
  const { table } = tablesOf(db)[name]!
  const [row] = await db.all(counting(table), {})
  return row!.rows
}

const counting =
  (table: Table): Query<{ rows: number }> =>
  ({ select }) =>
    select({ rows: sql<number>`count(*)`.mapWith(Number) }).from(table)

async function lastOf(db: Database, name: TableName): Promise<Row | undefined> {
  let last: Row | undefined
  const { key } = tablesOf(db)[name]!
  for (let page = await pageOf(db, name, last); page.length > 0; page = await pageOf(db, name, last)) {
    last = Object.fromEntries(key.map((column) => [column, page.at(-1)![column]]))
  }
  return last
}

/** Queries by table, with a start and without, each built once. */
const queries = new Map<Table, [first: Query<object>, next: Query<object, Row>]>()

function pageOf(db: Database, name: TableName, start: Row | undefined): Promise<Row[]> {
  const { table, key } = tablesOf(db)[name]!
  const [first, next] = queries.get(table) ?? [paging(table, key, false), paging(table, key, true)]
  queries.set(table, [first as never, next as never])
  return (
    start === undefined ? db.all(first as Query<object>, {}) : db.all(next as Query<object, Row>, start)
  ) as Promise<Row[]>
}

function paging(table: Table, key: readonly string[], hasStart: boolean): Query<object, Row> {
  return ({ select, parameter }) => {
    const columns = key.map((name) => ({ name, column: (table as never as Record<string, never>)[name]! }))
    const further = columns.map(
      ({ name, column }, i): SQL =>
        and(
          ...columns.slice(0, i).map((before) => eq(before.column, parameter(before.column, before.name as never))),
          gt(column, parameter(column, name as never)),
        )!,
    )
    const rows = select().from(table)
    return (hasStart ? rows.where(or(...further)) : rows)
      .orderBy(...columns.map(({ column }) => asc(column)))
      .limit(sql.raw(String(chunkLength)) as SQL)
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}${text === '' ? '\r' : ''}`)
}
