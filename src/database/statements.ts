import { and, type Column, eq, getTableColumns, is, isNull, SQL, sql, type Table } from 'drizzle-orm'
import { compile, type Fields, type Statement } from './compile.ts'
import type { Queries, Query } from './database.ts'
import type { Driver, Selection, Values, Write } from './driver.ts'

export type Statements = ReturnType<typeof statementsOf>

/** Each statement of a database, built when it is first needed: building costs ten times what executing does. */
export function statementsOf({ builder, tables, hasReturning, bound }: Driver) {
  const once = cache()
  const byQuery = new WeakMap<Query<unknown>, Statement>()

  const queries = {
    tables,
    select: (fields?: Fields) => builder.select(fields),
    parameter: (column: Column, name: string) => bound(parameter(column, name)),
    limit: (name: string) => bound(sql`${sql.placeholder(name)}`),
  } as unknown as Queries

  const written = (table: Table, write: Write) =>
    hasReturning ? compile(write.returning(), getTableColumns(table)) : compile(write)

  // A bound limit would have SQLite plan the statement again at each use.
  const one = (table: Table, match: Values) => builder.select().from(table).where(matching(table, match)).limit(sql`1`)

  const changing = (table: Table, match: Values, changes: Values) =>
    builder
      .update(table)
      .set(placeholders(table, changes))
      .where(matching(table, match, former))

  return {
    find: (table: Table, match: Values) =>
      once(table, `find ${shape(match)}`, () => compile(one(table, match), getTableColumns(table))),

    /** Finds the row and keeps others from changing it; not on SQLite, where there are no others. */
    lock: (table: Table, match: Values) =>
      once(table, `lock ${shape(match)}`, () => compile(one(table, match).for('update'), getTableColumns(table))),

    query(query: Query<unknown>) {
      let statement = byQuery.get(query)
      if (statement === undefined) {
        const select = query(queries) as unknown as Selection
        statement = compile(select, select._.selectedFields)
        byQuery.set(query, statement)
      }
      return statement
    },

    insert: (table: Table, row: Values) =>
      once(table, `insert ${names(row)}`, () => written(table, builder.insert(table).values(placeholders(table, row)))),

    update(table: Table, match: Values, changes: Values) {
      const build = () => written(table, changing(table, match, changes))
      // An expression may hold values of its own.
      if (Object.values(changes).some((value) => is(value, SQL))) return build()
      return once(table, `update ${names(changes)} where ${shape(match)}`, build)
    },

    updateAll: (table: Table, match: Values, changes: Values) =>
      once(table, `update all ${names(changes)} where ${shape(match)}`, () => compile(changing(table, match, changes))),

    delete(table: Table, match: Values | SQL) {
      if (is(match, SQL)) return compile(builder.delete(table).where(match))
      return once(table, `delete ${shape(match)}`, () => compile(builder.delete(table).where(matching(table, match))))
    },
  }
}

/** An update's parameters: the names of those it matches are set apart from the new values'. */
export function updateParameters(match: Values, changes: Values): Values {
  const parameters = { ...changes }
  for (const name in match) parameters[former(name)] = match[name]
  return parameters
}

const former = (name: string) => `former ${name}`

function cache() {
  const byTable = new WeakMap<Table, Map<string, Statement>>()
  return (table: Table, key: string, build: () => Statement): Statement => {
    const known = byTable.get(table) ?? new Map<string, Statement>()
    if (known.size === 0) byTable.set(table, known)
    const statement = known.get(key) ?? build()
    known.set(key, statement)
    return statement
  }
}

const names = (values: Values) => Object.keys(values).sort().join()

/** What a condition's SQL depends on: its names, and which of them are null. */
function shape(match: Values): string {
  const keys = Object.keys(match)
  if (keys.length === 0) throw new TypeError('an empty match would meet every row')
  const parts = keys.map((key) => {
    if (match[key] === undefined) throw new TypeError(`no value to match ${key} with`)
    return match[key] === null ? `${key} null` : key
  })
  return parts.length === 1 ? parts[0]! : parts.sort().join()
}

function matching(table: Table, match: Values, naming = (name: string) => name): SQL {
  const conditions = Object.entries(match).map(([name, value]) => {
    const column = columnOf(table, name)
    return value === null ? isNull(column) : eq(column, parameter(column, naming(name)))
  })
  return and(...conditions)!
}

function placeholders(table: Table, values: Values): Values {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, is(value, SQL) ? value : parameter(columnOf(table, name), name)]),
  )
}

const parameter = (column: Column, name: string): SQL => sql`${sql.param(sql.placeholder(name), column)}`

function columnOf(table: Table, name: string): Column {
  const column = getTableColumns(table)[name]
  if (column === undefined) throw new TypeError(`the table has no column ${name}`)
  return column
}
