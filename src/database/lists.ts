import { and, asc, type Column, desc, eq, getTableColumns, gt, gte, inArray, lt, type SQL, sql } from 'drizzle-orm'
import type { Fields } from './compile.ts'
import type { Entity, List } from './database.ts'
import type { Built, Driver, Selection, Values } from './driver.ts'
import { columnOf, matching, parameter, shape } from './parameters.ts'

/**
 * How a page goes on after a row, where several columns order it. Measured deep in 600,000 equal values: the wrong form
 * reads them all.
 * - `row`: `(a, id) > (?, ?)`, for PostgreSQL;
 * - `or`: `a > ? or (a = ? and id > ?)`, for MySQL and MariaDB with the index forced;
 * - `split`: a range for each, `a = ? and id > ?` and `a > ?`, merged, for SQLite.
 */
export type Keyset = 'row' | 'or' | 'split'

const orderOf = ({ order = ['id'] }: List<Entity>): readonly string[] => order

/** What a list's SQL depends on. */
export function listShape(list: List<Entity>): string {
  const { columns, equal, among = {}, within = {}, range = {}, descending = false, after, index } = list
  const counts = Object.entries(among as Record<string, unknown[]>).map(([name, values]) => {
    const places = after && name === orderOf(list)[0] ? values?.map((value) => beyondStart(list, value)) : undefined
    return `${name} ${places ?? values?.length}`
  })
  const sizes = Object.entries(within as Record<string, unknown[]>).map(
    ([name, values]) => `${name} in ${values.length}`,
  )
  const bounds = Object.entries(range).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return [index, columns, shape(equal), counts, sizes, bounds, orderOf(list), descending, after !== undefined].join(';')
}

/** The values of a list's parameters, by the names that `listQuery` gives them. */
export function listParameters(list: List<Entity>): Values {
  const { equal, among = {}, within = {}, range = {}, after, limit } = list
  const values: Values = { ...(equal as Values), limit, from: range.from, before: range.before }
  for (const [name, some = []] of Object.entries(among as Record<string, unknown[]>)) {
    for (const [i, value] of some.entries()) values[`${name} ${i}`] = value
  }
  for (const [name, some = []] of Object.entries(within as Record<string, unknown[]>)) {
    for (const [i, value] of some.entries()) values[`${name} in ${i}`] = value
  }
  if (after) for (const name of orderOf(list)) values[`after ${name}`] = (after as Values)[name]
  return values
}

/** One range of the index for each combination of values, each read no further than the limit, and merged. */
export function listQuery(driver: Driver, table: Entity, list: List<Entity>): Built {
  const ranges = rangesOf(driver, table, list)
  if (ranges.length === 1) return rangeQuery(driver, table, list, columnsOf(table, list), ranges[0])
  const select = driver.builder.select(columnsOf(table, list)).from(merged(driver, table, list, ranges))
  return cut(driver, table, list, select.innerJoin(table, eq(table.id, sql`found.id`)))
}

/** How many rows it has, up to the limit: read from the index alone, where that has all the columns of the list. */
export function countQuery(driver: Driver, table: Entity, list: List<Entity>): Selection {
  const rows = sql<number>`count(*)`.mapWith(Number)
  return driver.builder.select({ rows }).from(merged(driver, table, list, rangesOf(driver, table, list)))
}

/** The ids and places of what is in the ranges, cut to the limit before the rows are read. */
function merged(driver: Driver, table: Entity, list: List<Entity>, ranges: (SQL | undefined)[]): SQL {
  const order = orderOf(list).map((name, i) => ({ key: `key${i}`, column: columnOf(table, name) }))
  const keys = {
    id: table.id,
    ...Object.fromEntries(order.map(({ key, column }) => [key, sql`${column}`.as(key)])),
  }
  const each = ranges.map((range, i) => {
    const some = rangeQuery(driver, table, list, keys, range)
    return sql`select * from (${some.getSQL()}) as ${sql.identifier(`range${i}`)}`
  })
  const inOrder = order.map(({ key }) => sql`${sql.identifier(key)} ${sql.raw(list.descending ? 'desc' : 'asc')}`)
  const all = sql`(${sql.join(each, sql` union all `)}) as ranges`
  return sql`(select id from ${all} order by ${sql.join(inOrder, sql`, `)} limit ${limitOf(driver)}) as found`
}

function rangeQuery(
  driver: Driver,
  table: Entity,
  list: List<Entity>,
  columns: Fields,
  range: SQL | undefined,
): Selection {
  const owned = and(matching(table, list.equal as Values, undefined, driver.bound), ...withinOf(table, list))!
  const select = driver.builder.select(columns).from(table, { forceIndex: list.index })
  // MariaDB sorts by a column that has one value, and for that reads the whole range.
  const order = orderOf(list).filter((name) => (list.among as Values | undefined)?.[name] === undefined)
  return cut(driver, table, list, select.where(and(owned, range)!), order)
}

/** In the order of the list, no more than its limit. */
function cut(
  driver: Driver,
  table: Entity,
  list: List<Entity>,
  select: Selection,
  order: readonly string[] = orderOf(list),
): Selection {
  const columns = order.map((name) => columnOf(table, name))
  return select.orderBy(...columns.map(list.descending ? desc : asc)).limit(limitOf(driver))
}

const limitOf = ({ bound }: Driver): SQL => bound(sql`${sql.placeholder('limit')}`)

/** The columns that a list has. */
export function columnsOf(table: Entity, { columns }: List<Entity>): Record<string, Column> {
  if (columns === undefined) return getTableColumns(table)
  return Object.fromEntries((columns as string[]).map((name) => [name, columnOf(table, name)]))
}

const withinOf = (table: Entity, { within = {} }: List<Entity>): SQL[] =>
  Object.entries(within as Record<string, unknown[]>).map(([name, values]) => {
    const column = columnOf(table, name)
    return inArray(
      column,
      values.map((_, i) => parameter(column, `${name} in ${i}`)),
    )
  })

function rangesOf({ bound, keyset }: Driver, table: Entity, list: List<Entity>): (SQL | undefined)[] {
  const { among = {}, range = {}, after } = list
  const [first = 'id', ...rest] = orderOf(list)
  const column = columnOf(table, first)
  const bounds = and(
    range.from === undefined ? undefined : gte(column, bound(parameter(column, 'from'))),
    range.before === undefined ? undefined : lt(column, bound(parameter(column, 'before'))),
  )
  const further = after === undefined ? [undefined] : keysets(keyset, bound, table, list, [first, ...rest])
  let ranges: (SQL | undefined)[] = [bounds]
  let isFirstFixed = false
  for (const [name, values] of Object.entries(among as Record<string, unknown[] | undefined>)) {
    if (values === undefined) continue
    isFirstFixed ||= name === first
    const each = values.flatMap((value, i) => {
      const one = eq(columnOf(table, name), bound(parameter(columnOf(table, name), `${name} ${i}`)))
      if (name !== first || after === undefined) return [one]
      const beyond = beyondStart(list, value)
      if (beyond !== 0) return beyond > 0 ? [one] : []
      return keysets(keyset, bound, table, list, rest).map((keys) => and(one, keys)!)
    })
    ranges = ranges.flatMap((range) => each.map((one) => and(range, one)))
  }
  if (!isFirstFixed) ranges = ranges.flatMap((range) => further.map((keys) => and(range, keys)))
  return ranges.length === 0 ? [sql`1 = 0`] : ranges
}

/** Where a value of the first column is: 1 after the row that the list goes on after, -1 before it, 0 the same. */
function beyondStart(list: List<Entity>, value: unknown): number {
  const { descending = false, after } = list
  const start = (after as Values)[orderOf(list)[0]!] as never
  return value === start ? 0 : (value as never) > start !== descending ? 1 : -1
}

/** The rows after the one whose values are the parameters `after …`: as one condition, or as ranges to merge. */
function keysets(
  keyset: Keyset,
  bound: Driver['bound'],
  table: Entity,
  list: List<Entity>,
  order: readonly string[],
): SQL[] {
  const beyond = list.descending ? lt : gt
  const keys = order.map((name) => {
    const column = columnOf(table, name)
    return { column, value: bound(parameter(column, `after ${name}`)) }
  })
  if (keyset === 'row' && keys.length > 1) {
    const columns = sql.join(
      keys.map(({ column }) => sql`${column}`),
      sql`, `,
    )
    const values = sql.join(
      keys.map(({ value }) => value),
      sql`, `,
    )
    return [sql`(${columns}) ${sql.raw(list.descending ? '<' : '>')} (${values})`]
  }
  const ranges = keys.map(({ column, value }, i) => {
    const equal = keys.slice(0, i).map((key) => eq(key.column, key.value))
    return and(...equal, beyond(column, value))!
  })
  return keyset === 'split' || ranges.length === 1 ? ranges : [sql`(${sql.join(ranges, sql` or `)})`]
}
