import type { Dialect } from '../../src/database/url.ts'
import type { Task } from '../../src/tasks/schemas.ts'
import { execute } from '../support/sql.ts'
import type { BenchDatabase } from './databases.ts'

/** How far apart the times of one copy and the next are. */
const stepMinutes = 10

/**
 * Copies each of the tasks this many times, straight in the database and with every column, so that they are what the
 * API made. Copies are interleaved, and older the lower their id is.
 */
export async function multiply({ dialect, url }: BenchDatabase, models: Task[], copies: number): Promise<void> {
  const ids = models.map(({ id }) => id).join(', ')
  const [model] = await execute(url, `select * from tasks where id in (${ids})`)
  const columns = Object.keys(model!).filter((column) => column !== 'id')
  const minutes = `(${copies} - n) * ${stepMinutes}`
  const values = columns.map((column) => (column.endsWith('_at') ? earlier[dialect](column, minutes) : column))
  await execute(
    url,
    `insert into tasks (${columns.join(', ')})
     select ${values.join(', ')} from tasks cross join ${numbers(copies)} numbers
     where tasks.id in (${ids}) and n < ${copies} order by n, tasks.id`,
  )
}

/** Lets the database write what it has put off, and count what it plans with, before anything is measured. */
export const settle = ({ dialect, url }: BenchDatabase) => execute(url, ...settling[dialect])

const settling: Record<Dialect, string[]> = {
  sqlite: ['pragma wal_checkpoint(truncate)'],
  postgresql: ['vacuum analyze tasks', 'checkpoint'],
  mysql: ['analyze table tasks'],
}

const earlier: Record<Dialect, (column: string, minutes: string) => string> = {
  sqlite: (column, minutes) => `${column} - ${minutes} * 60000`,
  postgresql: (column, minutes) => `${column} - ${minutes} * interval '1 minute'`,
  mysql: (column, minutes) => `${column} - interval ${minutes} minute`,
}

/** A table of the numbers from 0 to at least `count`, in the SQL of all three: recursion is limited differently in each. */
function numbers(count: number): string {
  const digits = [...String(count)].map((_, place) => place)
  const tables = digits.map((place) => `(${ten}) digit${place}`)
  const sum = digits.map((place) => `${10 ** place} * digit${place}.d`)
  return `(select ${sum.join(' + ')} as n from ${tables.join(' cross join ')})`
}

const ten = Array.from({ length: 10 }, (_, digit) => `select ${digit} as d`).join(' union all ')
