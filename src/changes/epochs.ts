import { asc, gt, sql } from 'drizzle-orm'
import type { Database, Query } from '../database/database.ts'
import type { ChangeFeedRow } from './table.ts'

/**
 * Gives every feed a new epoch: the clock's milliseconds, and always more than before. Versions from before a restore
 * are refused from then on, although their numbers are given out a second time. Returns how many feeds there are.
 */
export async function beginNewEpoch(db: Database, now: number): Promise<number> {
  const { changeFeeds } = db.tables
  let count = 0
  for (let page = await db.all(nextFeeds, { userId: 0 }); page.length > 0; ) {
    await Promise.all(
      page.map(({ userId, epoch }) => db.updateMany(changeFeeds, { userId }, { epoch: Math.max(epoch + 1, now) })),
    )
    count += page.length
    page = await db.all(nextFeeds, { userId: page.at(-1)!.userId })
  }
  return count
}

const nextFeeds: Query<ChangeFeedRow, { userId: number }> = ({ select, parameter, tables: { changeFeeds } }) =>
  select()
    .from(changeFeeds)
    .where(gt(changeFeeds.userId, parameter(changeFeeds.userId, 'userId')))
    .orderBy(asc(changeFeeds.userId))
    .limit(sql`500`)
