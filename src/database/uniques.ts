import { type Column, getTableName } from 'drizzle-orm'
import { toSnakeCase } from 'drizzle-orm/casing'
import type { UniqueViolation } from './database.ts'

/**
 * The error of a request that would store a second row with the same values. `random` says that the values are random, so
 * that no request can.
 */
export type Refusal = (new () => Error) | 'random'

const refusals = new Map<string, Refusal>()
const namesByColumns = new Map<string, string>()

/** Keeps what a table says of its unique constraint. */
export function declareUnique(name: string, columns: readonly Column[], refusal: Refusal): void {
  const known = refusals.get(name)
  if (known !== undefined && known !== refusal) throw new Error(`two unique constraints are named ${name}`)
  refusals.set(name, refusal)
  const on = columns.map((column) => `${getTableName(column.table)}.${toSnakeCase(column.name)}`)
  namesByColumns.set(on.join(', '), name)
}

export const refusalOfConstraint = (name: string): Refusal | undefined => refusals.get(name)

/** The name of the unique constraint on these columns, as SQLite lists them: `notes.user_id, notes.name`. */
export const constraintOn = (columns: string): string => namesByColumns.get(columns) ?? columns

/** The error that the violated constraint's table names; the violation itself where no request should meet it. */
export function refusalOf(violation: UniqueViolation): Error {
  const refusal = refusals.get(violation.constraint)
  return refusal === undefined || refusal === 'random' ? violation : new refusal()
}
