import Sqlite from 'better-sqlite3'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { expect } from 'vitest'
import type { Driver } from '../../src/database/driver.ts'
import { openMysql } from '../../src/database/drivers/mysql.ts'
import { openPostgresql } from '../../src/database/drivers/postgresql.ts'
import { openSqlite } from '../../src/database/drivers/sqlite.ts'
import { databaseOver } from '../../src/database/transactions.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { syncedLabels } from '../../src/labels/sync.ts'
import { syncedProjects } from '../../src/projects/sync.ts'
import { readChanges } from '../../src/sync/store.ts'
import * as mysqlTables from '../../src/tables/mysql.ts'
import * as postgresqlTables from '../../src/tables/postgresql.ts'
import * as sqliteTables from '../../src/tables/sqlite.ts'
import type { TaskQuery } from '../../src/tasks/filters.ts'
import { listTasks } from '../../src/tasks/lists.ts'
import { summarize } from '../../src/tasks/summary.ts'
import { syncedTasks } from '../../src/tasks/sync.ts'
import type { AuthenticatedUser } from '../../src/users/table.ts'
import { test as base, dialect, execute } from '../support/database.ts'
import { addUser, newTask } from './people.ts'

interface Sent {
  readonly sql: string
  readonly parameters: unknown[]
}

const limit = 20

/** 16,000 tasks of one person, most of them done and undated, and a database that records the queries it is sent. */
const test = base.extend('watched', { scope: 'file' }, async ({ db, databaseUrl }, { onCleanup }) => {
  const user = await addUser(db)
  const project = { userId: user.id, name: 'x', position: 'a0', createdAt: 1, updatedAt: 1, changeSeq: 1 }
  const [big, small] = [await db.insert(db.tables.projects, project), await db.insert(db.tables.projects, project)]
  const label = await db.insert(db.tables.labels, { ...project, nameKey: 'x' })
  const rows = Array.from({ length: 250 }, (_, i) => ({
    ...newTask(user.id, `task ${i}`),
    projectId: i % 50 === 0 ? small.id : big.id,
    shelf: i % 5 === 0 ? 0 : i % 50 === 1 ? 1 : i % 50 === 2 ? 3 : 2,
    priorityRank: i % 4 === 0 ? i % 3 : 4,
    dueKey: i % 10 === 0 ? `2026-${String((i % 12) + 1).padStart(2, '0')}-01T24` : '~',
    position: `h${String(i).padStart(4, '0')}`,
    changeSeq: i + 2,
  }))
  await db.insertMany(db.tables.tasks, rows)
  const columns =
    'user_id, project_id, title, status, shelf, hidden, priority_rank, due_key, position, created_at, updated_at, change_seq'
  for (let i = 0; i < 6; i++) {
    const next = columns.replace('change_seq', `change_seq + ${250 * 2 ** i}`)
    await execute(databaseUrl, `insert into tasks (${columns}) select ${next} from tasks`)
  }
  await execute(databaseUrl, `update change_feeds set seq = ${250 * 64 + 1}`)
  if (dialect !== 'sqlite') await execute(databaseUrl, dialect === 'mysql' ? 'analyze table tasks' : 'analyze tasks')

  const sent: Sent[] = []
  const driver = await open(databaseUrl)
  const recording = databaseOver({
    ...driver,
    execute(statement, parameters, isOne) {
      sent.push({ sql: statement.sql, parameters })
      return driver.execute(statement, parameters, isOne)
    },
  })
  onCleanup(() => driver.close())
  const asker = { ...user, feedSeq: 250 * 64 + 1, feedEpoch: 1 } as AuthenticatedUser
  return { db: recording, user: asker, sent, projectId: big.id, label }
})

async function open(databaseUrl: string): Promise<Driver> {
  const url = parseDatabaseUrl(databaseUrl)
  switch (url.dialect) {
    case 'sqlite':
      return openSqlite(sqliteTables, url.location, {})
    case 'postgresql':
      return openPostgresql(postgresqlTables, url.server, {})
    case 'mysql':
      return openMysql(mysqlTables, url.server, {})
  }
}

const sorts = [
  'created_at',
  '-created_at',
  'due',
  '-due',
  'priority',
  '-priority',
  'updated_at',
  '-updated_at',
] as const

const queries: Record<string, Partial<TaskQuery>> = {
  ...Object.fromEntries(sorts.map((sort) => [`by ${sort}`, { sort }])),
  ...Object.fromEntries(sorts.map((sort) => [`open, by ${sort}`, { sort, open: true }])),
  'with one status, by due': { status: ['completed'], sort: 'due' },
  'with priorities, by priority': { priority: ['urgent', 'high'], sort: '-priority' },
  'due in a month': { due_after: '2026-03-01', due_before: '2026-04-01', sort: 'due' },
  'without a date': { due: 'none', sort: 'due' },
}

/** What a page may read: its rows for each range of the index, of which three sets of shelves and two parts of a keyset. */
const maxRows = 12 * (limit + 1) + limit + 1

test.for([...Object.entries(queries), ['of a project, by position', { sort: 'position' }] as const])(
  'a list of tasks %s is read from an index, also deep in it',
  async ([, asked], { watched: { db, user, sent, projectId }, databaseUrl }) => {
    const query = { limit, sort: '-created_at', ...asked, ...(asked.sort === 'position' && { project_id: projectId }) }
    let cursor: string | undefined

    for (let page = 0; page < 3; page++) {
      sent.length = 0
      const { items, next } = await listTasks(db, user, { ...query, ...(cursor && { cursor }) } as TaskQuery)
      expect(items).toHaveLength(limit)
      const reads = sent.filter(({ sql }) => /\btasks\b/.test(sql))
      expect(reads.length).toBeGreaterThan(0)
      for (const each of reads) expect(await costOf(databaseUrl, each), each.sql).toBeLessThanOrEqual(maxRows)
      cursor = next
    }
  },
)

test('changes are read from an index, also late ones', async ({ watched: { db, user, sent }, databaseUrl }) => {
  const synced = [syncedProjects, syncedLabels, syncedTasks]
  for (const seq of [1, 5_000, 16_000 - limit]) {
    sent.length = 0

    const { items } = await readChanges(db, synced, user, { epoch: 1, seq, place: { kind: 3, id: 1 } }, limit)

    expect(items.tasks!.length).toBeGreaterThanOrEqual(limit - 1)
    const reads = sent.filter(({ sql }) => /\btasks\b/.test(sql))
    for (const each of reads) expect(await costOf(databaseUrl, each), each.sql).toBeLessThanOrEqual(maxRows)
  }
})

test('counts read no table', async ({ watched: { db, user, sent }, databaseUrl }) => {
  sent.length = 0

  const { open } = await summarize(db, user, Date.parse('2020-01-01'))

  expect(open.pending).toBe(3_200)
  // Of the one that counts by project, a planner may find that it needs most of the table.
  const counts = sent.filter(({ sql }) => sql.includes('count(') && !sql.includes('from projects join'))
  expect(counts.length).toBeGreaterThan(10)
  for (const each of counts) await costOf(databaseUrl, each)
})

/** How many rows of `tasks` a query reads (on SQLite: 0). It must read by an index, and sort no more than it answers. */
async function costOf(databaseUrl: string, { sql, parameters }: Sent): Promise<number> {
  switch (dialect) {
    case 'sqlite':
      return costOnSqlite(databaseUrl, sql, parameters)
    case 'postgresql':
      return costOnPostgresql(databaseUrl, sql, parameters)
    case 'mysql':
      return costOnMysql(databaseUrl, sql, parameters)
  }
}

function costOnSqlite(databaseUrl: string, sql: string, parameters: unknown[]): number {
  const file = new Sqlite(parseDatabaseUrl(databaseUrl).location)
  const steps = file.prepare(`explain query plan ${sql}`).all(...parameters) as {
    id: number
    parent: number
    detail: string
  }[]
  file.close()
  const reads = steps.filter(({ detail }) => /\btasks\b/.test(detail)).map(({ detail }) => detail)
  for (const read of reads)
    expect(read).toMatch(/^SEARCH tasks USING (COVERING )?INDEX tasks_\w+ \(|INTEGER PRIMARY KEY/)
  // What is sorted was cut to the limit before: no sort stands beside the search of an index.
  const sorts = steps.filter(({ detail }) => detail.startsWith('USE TEMP B-TREE FOR ORDER BY'))
  const besides = sorts.flatMap(({ parent }) => steps.filter((step) => step.parent === parent))
  expect(besides.filter(({ detail }) => /^SEARCH tasks .*INDEX tasks_/.test(detail))).toEqual([])
  return 0
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

async function costOnPostgresql(databaseUrl: string, sql: string, parameters: unknown[]): Promise<number> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  const { rows } = await client.query(`explain (analyze, format json) ${sql}`, parameters).finally(() => client.end())
  const nodes: Plan[] = []
  const collect = (plan: Plan): void => {
    nodes.push(plan)
    for (const inner of plan.Plans ?? []) collect(inner)
  }
  collect(rows[0]['QUERY PLAN'][0].Plan)
  const reads = nodes.filter((node) => node['Relation Name'] === 'tasks')
  for (const read of reads) expect(read['Node Type']).toMatch(/^(Index|Index Only|Bitmap Heap) Scan$/)
  const rowsOf = (node: Plan) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  return reads.reduce((sum, node) => sum + rowsOf(node), 0)
}

interface Analyzed {
  table?: { table_name: string; access_type: string; r_rows?: number; r_loops?: number }
  [name: string]: unknown
}

async function costOnMysql(databaseUrl: string, sql: string, parameters: unknown[]): Promise<number> {
  const connection = await mysql.createConnection(databaseUrl)
  const [rows] = await connection
    .execute(`analyze format=json ${sql}`, parameters as string[])
    .finally(() => connection.end())
  const [text] = Object.values((rows as Record<string, string>[])[0]!)
  let read = 0
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { table } = value as Analyzed
    if (table?.table_name === 'tasks') {
      expect(table.access_type).not.toMatch(/^(ALL|index)$/)
      read += (table.r_rows ?? 0) * (table.r_loops ?? 0)
    }
    for (const inner of Object.values(value)) visit(inner)
  }
  visit(JSON.parse(text!))
  return read
}
