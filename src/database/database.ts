/** What domains know of a database: the part that SQLite, PostgreSQL and MySQL share, typed by the tables' columns. */
import type { Column, Table as DrizzleTable, GetColumnData, SQL } from 'drizzle-orm'

/** What `tables/tables.ts` adds to: this folder knows no domain. */
// biome-ignore lint/suspicious/noEmptyInterface: it is merged with
export interface Known {}
export type Tables = Known extends { tables: infer T } ? T : never

export type Table = DrizzleTable
/** A table whose primary key is `id`. */
export type Entity = Table & { readonly id: Column }
/** A table whose rows carry the number of the write that changed them last, in their owner's feed. */
export type Numbered = Entity & { readonly userId: Column; readonly changeSeq: Column }

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

/** Some rows of a table, in the order of an index. Its SQL is built once for each shape. */
export interface List<T extends Entity, K extends keyof Row<T> & string = keyof Row<T> & string> {
  /** The columns that are wanted; all if not given. */
  readonly columns?: readonly K[]
  /** Equality on each key; null means IS NULL. The owner stands here. */
  readonly equal: Match<T>
  /** A few values for a column, each a range of the index that is read no further than the limit; undefined: any value. */
  readonly among?: { readonly [K in keyof Row<T>]?: readonly Row<T>[K][] | undefined }
  /** Values of which a column must have one: rows that are known by their ids. */
  readonly within?: { readonly [K in keyof Row<T>]?: readonly Row<T>[K][] }
  /** Bounds of the first column in the order. */
  readonly range?: { readonly from?: unknown; readonly before?: unknown }
  /** The columns that the rows are ordered by; the last one tells any two rows apart. `id` if not given. */
  readonly order?: readonly (keyof Row<T> & string)[]
  readonly descending?: boolean
  /** The row that the list goes on after, or what it has in the columns of the order. */
  readonly after?: Partial<Row<T>> | undefined
  readonly limit: number
  /** The index to enter by: MariaDB would enter by the owner alone, and read all rows before the page. */
  readonly index: string
}

/** Drizzle's select builder, less what only some dialects have. */
export interface Select<R> {
  /** Carries the type of the rows. */
  readonly _: { readonly result: R[] }
  innerJoin(table: Table | SQL, on: SQL): Select<R>
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

/** What a query is written with; `P` are the names of its parameters. */
export interface Queries<P extends string = never> {
  readonly tables: Tables
  select(): { from<T extends Table>(table: T, hint?: Hint): Select<Row<T>> }
  select<F extends Fields>(fields: F): { from(table: Table | SQL, hint?: Hint): Select<Picked<F>> }
  /** A parameter that is compared with this column: it is encoded as the column's values are. */
  parameter(column: Column, name: P): SQL
  /** A parameter for `limit`. */
  limit(name: P): SQL
}

/** Builds a query for rows `R`; `P` are its parameters, which it names by `parameter` and `limit`. */
export type Query<R, P extends object = Record<never, never>> = (queries: Queries<keyof P & string>) => Select<R>

export interface Database {
  readonly tables: Tables

  /** The one row with these values. */
  find<T extends Table>(table: T, match: Match<T>): Promise<Row<T> | undefined>
  /** The rows of a query, which is built once: keep it in a constant, not in a closure made for each call. */
  all<R, P extends object>(query: Query<R, P>, parameters: NoInfer<P>): Promise<R[]>
  /** The first row of such a query. */
  first<R, P extends object>(query: Query<R, P>, parameters: NoInfer<P>): Promise<R | undefined>
  /** A page of a table's rows. */
  list<T extends Entity, K extends keyof Row<T> & string = keyof Row<T> & string>(
    table: T,
    list: List<T, K>,
  ): Promise<Pick<Row<T>, K>[]>

  /** How many rows such a list has; no more than its limit are counted. */
  count<T extends Entity>(table: T, list: Omit<List<T>, 'columns' | 'after' | 'descending'>): Promise<number>

  /** Inserts a row and returns it whole. Throws UniqueViolation, ReferenceViolation. */
  insert<T extends Entity>(table: T, row: NewRow<T>): Promise<Row<T>>
  /** Inserts rows. Throws UniqueViolation, ReferenceViolation. */
  insertMany<T extends Table>(table: T, rows: NewRow<T>[]): Promise<void>
  /** Changes the one row with these values and returns it; undefined when there is none. Throws UniqueViolation. */
  updateOne<T extends Entity>(table: T, match: Match<T>, changes: Changes<T>): Promise<Row<T> | undefined>
  /** Changes every row that matches; returns how many. */
  updateMany<T extends Table>(table: T, match: Match<T> | SQL, changes: Changes<T>): Promise<number>
  /** Deletes every row that matches; returns how many. */
  deleteMany<T extends Table>(table: T, match: Match<T> | SQL): Promise<number>

  /**
   * All or nothing. Inside, only the database handed to `work` may be used, and nothing else awaited: on SQLite all
   * writers wait, and after a second it is rolled back. A statement that fails dooms it. It may run again after a
   * deadlock.
   */
  transaction<R>(work: (tx: Transaction) => Promise<R>): Promise<R>
  /**
   * A transaction that first takes the next number of the owner's feed, and so waits for whoever writes to it: what is
   * read after that cannot change before the end. Every row that it changes gets the number. A transaction that fails
   * or changes nothing gives the number back. Throws ReferenceViolation when the owner is gone.
   */
  writing<R>(userId: number, work: (tx: Transaction, seq: number) => Promise<R>): Promise<R>
  /** The same for one row that needs nothing read first, in the fewest statements. Throws ReferenceViolation. */
  insertNumbered<T extends Numbered>(table: T, row: Unnumbered<T>): Promise<Row<T>>
  /** Runs `work` when what was written is committed: now, unless this is a transaction; never after a rollback. */
  afterCommit(work: () => void): void

  /** How busy it is at this moment. */
  usage(): Usage

  /** Resolves when the database can be written and its schema is current; otherwise throws DatabaseUnavailable. */
  ready(): Promise<void>
  /** Throws, with the command that helps, when the database cannot hold every character that the API accepts. */
  checkCharacters(): Promise<void>
  /** The names of the migrations that are yet to be applied. */
  pendingMigrations(): Promise<string[]>
  /** Brings the schema up to date, one process at a time; returns the names of what it applied. */
  migrate(): Promise<string[]>
  close(): Promise<void>
}

/** Connections, and what waits for one; SQLite has a single one, which its writes wait for. */
export interface Usage {
  readonly busy: number
  readonly idle: number
  readonly waiting: number
}

type Unnumbered<T extends Table> = Omit<NewRow<T>, 'changeSeq'> & { userId: number }

/** A database inside a transaction. */
export interface Transaction extends Database {
  /** The one row with these values, which nobody else can change before the transaction ends. */
  lock<T extends Table>(table: T, match: Match<T>): Promise<Row<T> | undefined>
}

/** A row refers to one that is not there. */
export class ReferenceViolation extends Error {
  override readonly name = 'ReferenceViolation'
}

/** A row with these values is already there. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation'
  /** The name of the unique constraint. */
  readonly constraint: string

  constructor(constraint: string) {
    super(constraint)
    this.constraint = constraint
  }
}

/** The database cannot be reached, is busy, read-only or behind; the same request may succeed later. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
}

/** The disk is full. */
export class DatabaseFull extends Error {
  override readonly name = 'DatabaseFull'
}
