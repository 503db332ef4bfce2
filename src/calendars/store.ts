import type { Database } from '../database/database.ts'
import { invalidField } from '../http/problems.ts'
import { lookUpProject } from '../projects/store.ts'
import { hashToken, opaqueToken } from '../values/opaque.ts'
import { CalendarFeedNotFound, TooManyCalendarFeeds } from './problems.ts'
import type { NewCalendarFeed } from './schemas.ts'
import type { CalendarFeedRow } from './table.ts'

export const maxFeeds = 20
const tokenPrefix = 'tmf_'

/** Newest first. */
export const listFeeds = (db: Database, userId: number): Promise<CalendarFeedRow[]> =>
  db.list(db.tables.calendarFeeds, {
    equal: { userId },
    descending: true,
    limit: maxFeeds,
    index: 'calendar_feeds_user_id_idx',
  })

/** Throws CalendarFeedNotFound. */
export async function findFeedOf(db: Database, userId: number, id: number): Promise<CalendarFeedRow> {
  const row = await db.find(db.tables.calendarFeeds, { id, userId })
  if (row === undefined) throw new CalendarFeedNotFound()
  return row
}

/** Returns the token, which is kept nowhere. Throws TooManyCalendarFeeds, InvalidInput. */
export async function createFeed(
  db: Database,
  userId: number,
  { name, project_ids: projectIds = [], include = ['todos'] }: NewCalendarFeed,
): Promise<{ row: CalendarFeedRow; token: string }> {
  const token = opaqueToken(tokenPrefix)
  const row = await db.transaction(async (tx) => {
    await tx.lock(tx.tables.users, { id: userId }) // those that are created at the same time count each other
    for (const [i, id] of projectIds.entries()) {
      if ((await lookUpProject(tx, userId, id)) === undefined) {
        throw invalidField(`/project_ids/${i}`, 'is not the id of a project of yours')
      }
    }
    if ((await listFeeds(tx, userId)).length >= maxFeeds) throw new TooManyCalendarFeeds()
    return tx.insert(tx.tables.calendarFeeds, {
      userId,
      name,
      tokenHash: hashToken(token),
      lastFour: token.slice(-4),
      projectIds: projectIds.length === 0 ? null : JSON.stringify(projectIds),
      hasEvents: include.includes('events'),
      createdAt: Date.now(),
    })
  })
  return { row, token }
}

/** Throws CalendarFeedNotFound. */
export async function deleteFeed(db: Database, userId: number, id: number): Promise<void> {
  if ((await db.deleteMany(db.tables.calendarFeeds, { id, userId })) === 0) throw new CalendarFeedNotFound()
}

/** The feed of a token, and its version; undefined also for an account that is not active. */
export async function lookUpOpenFeed(db: Database, token: string) {
  const row = await db.find(db.tables.calendarFeeds, { tokenHash: hashToken(token) })
  const user = row && (await db.find(db.tables.users, { id: row.userId }))
  const changes = user?.isActive ? await db.find(db.tables.changeFeeds, { userId: user.id }) : undefined
  if (row === undefined || changes === undefined) return undefined
  return { row, version: `${changes.epoch.toString(36)}-${changes.seq.toString(36)}` }
}
