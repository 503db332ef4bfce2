import { and, type Column, eq, getTableColumns, is, isNull, SQL, sql, type Table } from 'drizzle-orm'
import type { Values } from './driver.ts'

/** What an INSERT's or UPDATE's SQL depends on: the names of its values. */
export function names(values: Values): string {
  let key = ''
  for (const name in values) key += `${name},`
  return key
}

/** What a condition's SQL depends on: its names, and which of them are null. In any order, which costs a statement each. */
export function shape(match: Values): string {
  let key = ''
  for (const name in match) {
    const value = match[name]
    if (value === undefined) throw new TypeError(`no value to match ${name} with`)
    key += value === null ? `${name} null,` : `${name},`
  }
  if (key === '') throw new TypeError('an empty match would meet every row')
  return key
}

export function matching(
  table: Table,
  match: Values,
  naming = (name: string) => name,
  bound = (parameter: SQL) => parameter,
): SQL {
  const conditions = Object.entries(match).map(([name, value]) => {
    const column = columnOf(table, name)
    return value === null ? isNull(column) : eq(column, bound(parameter(column, naming(name))))
  })
  return and(...conditions)!
}

export function placeholders(table: Table, values: Values): Values {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, is(value, SQL) ? value : parameter(columnOf(table, name), name)]),
  )
}

export const parameter = (column: Column, name: string): SQL => sql`${sql.param(sql.placeholder(name), column)}`

export function columnOf(table: Table, name: string): Column {
  const column = getTableColumns(table)[name]
  if (column === undefined) throw new TypeError(`the table has no column ${name}`)
  return column
}

/** An update's parameters: the names of those it matches are set apart from the new values'. */
export function updateParameters(match: Values, changes: Values): Values {
  const parameters = { ...changes }
  for (const name in match) parameters[former(name)] = match[name]
  return parameters
}

export const former = (name: string) => `former ${name}`

/** Whether no value is an expression, which may hold values of its own: its statement is not kept. */
export const isPlain = (changes: Values): boolean => !Object.values(changes).some((value) => is(value, SQL))
