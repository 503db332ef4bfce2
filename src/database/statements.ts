import { type Column, getTableColumns, is, SQL, sql, type Table } from 'drizzle-orm'
import { compile, type Fields, type Statement } from './compile.ts'
import type { Entity, List, Queries, Query } from './database.ts'
import type { Driver, Selection, Values, Write } from './driver.ts'
import { columnsOf, countQuery, listQuery, listShape } from './lists.ts'
import { former, isPlain, matching, names, parameter, placeholders, shape } from './parameters.ts'

export type Statements = ReturnType<typeof statementsOf>

/** Each statement of a database, built when it is first needed: building costs ten times what executing does. */
export function statementsOf(driver: Driver) {
  const { builder, tables, hasReturning, rowLock, bound } = driver
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

  const changing = (table: Table, match: Values | SQL, changes: Values) =>
    builder
      .update(table)
      .set(placeholders(table, changes))
      .where(is(match, SQL) ? match : matching(table, match, former))

  return {
    find: (table: Table, match: Values) =>
      once(table, `find ${shape(match)}`, () => compile(one(table, match), getTableColumns(table))),

    /** Finds the row and keeps others from changing it. */
    lock: (table: Table, match: Values) =>
      once(table, `lock ${shape(match)}`, () => {
        const select = one(table, match)
        return compile(rowLock ? select.for(rowLock) : select, getTableColumns(table))
      }),

    query(query: Query<unknown>) {
      let statement = byQuery.get(query)
      if (statement === undefined) {
        const select = query(queries) as unknown as Selection
        statement = compile(select, select._.selectedFields)
        byQuery.set(query, statement)
      }
      return statement
    },

    list: (table: Entity, list: List<Entity>) =>
      once(table, listShape(list), () => compile(listQuery(driver, table, list), columnsOf(table, list))),

    count: (table: Entity, list: List<Entity>) =>
      once(table, `count ${listShape(list)}`, () => {
        const select = countQuery(driver, table, list)
        return compile(select, select._.selectedFields)
      }),

    insertOnly: (table: Table, row: Values) =>
      once(table, `insert only ${names(row)}`, () => compile(builder.insert(table).values(placeholders(table, row)))),

    insert: (table: Table, row: Values) =>
      once(table, `insert ${names(row)}`, () => written(table, builder.insert(table).values(placeholders(table, row)))),

    update(table: Table, match: Values, changes: Values) {
      const build = () => written(table, changing(table, match, changes))
      if (!isPlain(changes)) return build()
      return once(table, `update ${names(changes)} where ${shape(match)}`, build)
    },

    updateAll(table: Table, match: Values | SQL, changes: Values) {
      const build = () => compile(changing(table, match, changes))
      return is(match, SQL) ? build() : once(table, `update all ${names(changes)} where ${shape(match)}`, build)
    },

    delete(table: Table, match: Values | SQL) {
      if (is(match, SQL)) return compile(builder.delete(table).where(match))
      return once(table, `delete ${shape(match)}`, () => compile(builder.delete(table).where(matching(table, match))))
    },
  }
}

/** Builds each statement of a table once. */
export function cache() {
  const byTable = new WeakMap<Table, Map<string, Statement>>()
  return (table: Table, key: string, build: () => Statement): Statement => {
    const known = byTable.get(table) ?? new Map<string, Statement>()
    if (known.size === 0) byTable.set(table, known)
    const statement = known.get(key) ?? build()
    known.set(key, statement)
    return statement
  }
}
