import type { Database, List, Numbered, Row } from '../database/database.ts'
import { type Rows, readRows } from '../http/paging.ts'

/** A row at its place in the order of changes. */
export interface Changed {
  readonly id: number
  readonly changeSeq: number
}

/** Rows in the order of their numbers. */
export interface Span {
  /** The row to go on after, or its place. */
  readonly after: Changed
  /** The first number that is not wanted. */
  readonly before: number
  readonly limit: number
}

/** Reads a span of what a user has in a table, by an index on the owner, the columns of `among`, and the number. */
export const readSpan = <T extends Numbered>(
  db: Database,
  table: T,
  index: string,
  userId: number,
  { after, before, limit }: Span,
  among: List<T>['among'] = {},
): Promise<Rows<Row<T>>> =>
  readRows<Row<T>>(limit, after as unknown as Partial<Row<T>>, (after, limit) => {
    const list = { equal: { userId }, among, order: ['changeSeq', 'id'], range: { before }, after, limit, index }
    return db.list(table, list as unknown as List<T>)
  })
