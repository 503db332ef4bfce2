import type { Database, Transaction } from '../database/database.ts'
import type { AuthenticatedUser } from '../users/table.ts'

/** A write to what a user has, in the transaction that took its number: what is read in it stays as it is to the end. */
export interface Change {
  readonly tx: Transaction
  readonly userId: number
  /** The account's time zone. */
  readonly timezone: string
  /** The number that every row it writes carries. */
  readonly seq: number
  readonly now: number
}

/** Runs a write of the user. One that fails, or alters nothing, uses no number. */
export const changing = <R>(
  db: Database,
  { id: userId, timezone }: Pick<AuthenticatedUser, 'id' | 'timezone'>,
  work: (change: Change) => Promise<R>,
): Promise<R> => db.writing(userId, (tx, seq) => work({ tx, userId, timezone, seq, now: Date.now() }))
