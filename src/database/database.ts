/** What domains know of a database: the part that SQLite, PostgreSQL and MySQL share, typed by the tables' columns. */
import type { Column, Table as DrizzleTable, GetColumnData, SQL } from 'drizzle-orm'
import type { Tables } from './tables.ts'

export type Table = DrizzleTable
/** A table whose primary key is `id`. */
export type Entity = Table & { readonly id: Column }

export type Row<T extends Table> = T['$inferSelect']
export type NewRow<T extends Table> = T['$inferInsert']
/** Equality on each key; null means IS NULL. At least one key. */
export type Match<T extends Table> = Partial<Row<T>>
/** New values, or SQL expressions over the old ones. Keys that are undefined are left alone. */
export type Changes<T extends Table> = { [K in keyof Omit<NewRow<T>, 'id'>]?: NewRow<T>[K] | SQL | undefined }

type Fields = Record<string, Column | SQL | SQL.Aliased>
type Picked<F extends Fields> = {
  [K in keyof F]: F[K] extends Column
    ? GetColumnData<F[K]>
    : F[K] extends SQL<infer V> | SQL.Aliased<infer V>
      ? V
      : never
}

/** Drizzle's select builder, less what only some dialects have. */
export interface Select<R> {
  /** Carries the type of the rows. */
  readonly _: { readonly result: R[] }
  innerJoin(table: Table, on: SQL): Select<R>
  where(condition: SQL | undefined): Select<R>
  groupBy(...columns: (Column | SQL)[]): Select<R>
  orderBy(...columns: (Column | SQL)[]): Select<R>
  limit(rows: SQL): Select<R>
}

/**
 * Which index leads to a page of a list. Only MySQL's builder reads it: MariaDB else enters the index by the owner alone,
 * and reads all rows before the page.
 */
interface Hint {
  readonly forceIndex: string
}

/** What a query is written with. */
export interface Queries {
  readonly tables: Tables
  select(): { from<T extends Table>(table: T, hint?: Hint): Select<Row<T>> }
  select<F extends Fields>(fields: F): { from(table: Table, hint?: Hint): Select<Picked<F>> }
  /** A parameter that is compared with this column: it is encoded as the column's values are. */
  parameter(column: Column, name: string): SQL
  /** A parameter for `limit`. */
  limit(name: string): SQL
}

/** Builds a query; its parameters are named by `parameter` and `limit`. */
export type Query<R> = (queries: Queries) => Select<R>

export interface Database {
  readonly tables: Tables

  /** The one row with these values. */
  find<T extends Table>(table: T, match: Match<T>): Promise<Row<T> | undefined>
  /** The rows of a query, which is built once: keep it in a constant, not in a closure made for each call. */
  all<R>(query: Query<R>, parameters: Record<string, unknown>): Promise<R[]>

  /** Inserts a row and returns it whole. Throws UniqueViolation, ReferenceViolation. */
  insert<T extends Entity>(table: T, row: NewRow<T>): Promise<Row<T>>
  /** Changes the one row with these values and returns it; undefined when there is none. Throws UniqueViolation. */
  update<T extends Entity>(table: T, match: Match<T>, changes: Changes<T>): Promise<Row<T> | undefined>
  /** Changes every row that matches; returns how many. */
  updateAll<T extends Table>(table: T, match: Match<T>, changes: Changes<T>): Promise<number>
  /** Deletes every row that matches; returns how many. */
  delete<T extends Table>(table: T, match: Match<T> | SQL): Promise<number>

  /**
   * All or nothing. Inside, only the database handed to `work` may be used, and nothing else awaited: on SQLite all
   * writers wait, and after a second it is rolled back. A statement that fails dooms it. It may run again after a
   * deadlock.
   */
  transaction<R>(work: (tx: Database) => Promise<R>): Promise<R>

  /** Resolves when the database can be written and its schema is current; otherwise throws DatabaseUnavailable. */
  ready(): Promise<void>
  /** The names of the migrations that are yet to be applied. */
  pendingMigrations(): Promise<string[]>
  /** Brings the schema up to date, one process at a time; returns the names of what it applied. */
  migrate(): Promise<string[]>
  close(): Promise<void>
}

/** A row refers to one that is not there. */
export class ReferenceViolation extends Error {
  override readonly name = 'ReferenceViolation'
}

/** A unique column already has this value. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
}

/** The database cannot be reached, is busy, read-only or behind; the same request may succeed later. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
}

/** The disk is full. */
export class DatabaseFull extends Error {
  override readonly name = 'DatabaseFull'
}
