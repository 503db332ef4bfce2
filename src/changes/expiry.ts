import { lt, sql } from 'drizzle-orm'
import type { Query } from '../database/database.ts'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'

/** How long those who keep a copy can find out what was deleted. */
export const deletionsKeptMs = 90 * dayMs

/** The feed says first what is forgotten, so that nobody who comes in between misses it. */
export const deleteOldDeletions: Chore = async (db, now) => {
  const { deletions, changeFeeds } = db.tables
  const cutoff = now - deletionsKeptMs
  for (const { userId, seq } of await db.all(forgotten, { cutoff })) {
    const prunedSeq = sql`case when ${changeFeeds.prunedSeq} < ${seq} then ${seq} else ${changeFeeds.prunedSeq} end`
    await db.updateMany(changeFeeds, { userId }, { prunedSeq })
  }
  await deleteInBatches(db, deletions, lt(deletions.createdAt, cutoff))
}

const forgotten: Query<{ userId: number; seq: number }, { cutoff: number }> = ({
  select,
  parameter,
  tables: { deletions },
}) =>
  select({ userId: deletions.userId, seq: sql<number>`max(${deletions.changeSeq})`.mapWith(Number) })
    .from(deletions)
    .where(lt(deletions.createdAt, parameter(deletions.createdAt, 'cutoff')))
    .groupBy(deletions.userId)
