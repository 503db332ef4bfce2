/** What each dialect does its own way; adapter.ts makes a Database of it. */
import type { SQL, Table } from 'drizzle-orm'
import type { Fields, Statement } from './compile.ts'
import type { Tables, Usage } from './database.ts'
import type { Keyset } from './lists.ts'

type RowLock = 'update' | 'no key update'

export type Values = Record<string, unknown>

export interface Result {
  /** Each row's values, in the order of the statement's fields. */
  readonly rows: unknown[][]
  /** How many rows a write met. */
  readonly affected: number
  /** The id a row was given, where the database has no RETURNING. */
  readonly insertedId?: number
}

/** Throws UniqueViolation, DatabaseUnavailable, DatabaseFull or QueryFailed: none of them holds a parameter. */
export interface Connection {
  /** `isOne`: no more than the first row is wanted. */
  execute(statement: Statement, parameters: unknown[], isOne?: boolean): Promise<Result>
}

export interface DriverOptions {
  /** Connections to a server at most; SQLite has one. */
  readonly poolSize?: number
  /** How long a migration waits for another process that migrates. */
  readonly migrationLockSeconds?: number
  /** Called with the driver's code for each connection that breaks. */
  readonly onConnectionLost?: (code: string) => void
  /** Called after each group commit of SQLite with the number of writes and transactions in it. */
  readonly onGroupCommit?: ((jobs: number) => void) | undefined
}

/** A driver's own `execute` commits at once. */
export interface Driver extends Connection {
  readonly tables: Tables
  readonly builder: Builder
  /** Whether INSERT and UPDATE can return the row they wrote. */
  readonly hasReturning: boolean
  /** Keeps others from changing a row that a transaction has read; absent where a transaction that may write is alone. */
  readonly rowLock?: RowLock
  /** Wraps a parameter of a query, where a bare one would have the database plan the statement again at each use. */
  bound(parameter: SQL): SQL
  readonly keyset: Keyset
  /** Whether WITH may hold an UPDATE, so that one statement takes a number and writes what carries it. */
  readonly hasWritableWith: boolean
  /**
   * Runs statements one after the other, none of them waiting, in less than a transaction takes: what `work` wrote
   * before it throws stays, unless it undoes it. Only where a database can be asked without waiting.
   */
  readonly inOneJob?: <R>(work: (run: (statement: Statement, parameters: unknown[]) => Result) => R) => Promise<R>
  /** How long a transaction may take before it is rolled back. */
  readonly transactionLimitMs: number
  transaction<R>(work: (connection: Connection) => Promise<R>): Promise<R>
  usage(): Usage
  /** Throws DatabaseUnavailable when a write would be refused. */
  checkWritable(): Promise<void>
  /** Throws an Error for the operator when the database cannot hold every character. */
  checkCharacters(): Promise<void>
  pendingMigrations(): Promise<string[]>
  migrate(): Promise<string[]>
  close(): Promise<void>
}

/** Drizzle's query builders, typed as far as the three dialects' are alike. */
export interface Builder {
  select(fields?: Fields): { from(table: Table | SQL, hint?: { forceIndex: string }): Selection }
  $with(name: string): { as(write: Built): object }
  with(expression: object): Pick<Builder, 'insert' | 'update' | 'delete'>
  insert(table: Table): { values(row: Values): Write }
  update(table: Table): { set(changes: Values): { where(condition: SQL): Write } }
  delete(table: Table): { where(condition: SQL): Built }
}

export interface Built {
  toSQL(): { sql: string; params: unknown[] }
}

export interface Selection extends Built {
  readonly _: { readonly selectedFields: Fields }
  innerJoin(table: Table, on: SQL): Selection
  where(condition: SQL): Selection
  orderBy(...columns: SQL[]): Selection
  limit(rows: SQL): Selection
  for(strength: RowLock): Built
  getSQL(): SQL
}

export interface Write extends Built {
  returning(fields?: Fields): Built
}

/** A fault in our SQL, or one of the database's own: the message has the driver's code, and nothing that was sent. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed'
}
