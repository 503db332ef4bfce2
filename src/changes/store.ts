import type { Database, Transaction } from '../database/database.ts'
import type { ChangeFeedRow } from './table.ts'

/** Begins the feed of a user, in the transaction that makes the account; returns the number of that write. */
export async function openFeed(tx: Transaction, userId: number): Promise<number> {
  const seq = 1
  await tx.insertMany(tx.tables.changeFeeds, [{ userId, seq, epoch: 1, prunedSeq: 0 }])
  return seq
}

export const findFeed = async (db: Database, userId: number): Promise<ChangeFeedRow> =>
  (await db.find(db.tables.changeFeeds, { userId }))!
