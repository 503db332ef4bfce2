import { asc, eq, lt, sql } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { Query } from '../database/database.ts'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'
import { IdempotencyKeyReused } from './problems.ts'
import type { IdempotencyKeyRow } from './table.ts'

/** Answers that are kept for one user; the oldest go first. */
const maxKeys = 10_000

/** What a request was answered. */
export type Kept = Pick<IdempotencyKeyRow, 'status' | 'location' | 'etag' | 'body'>

/** What the request with this key was answered, if it came before. Throws IdempotencyKeyReused if that was another one. */
export async function lookUpAnswer(
  { tx, userId, now }: Change,
  key: string,
  fingerprint: string,
): Promise<Kept | undefined> {
  const row = await tx.find(tx.tables.idempotencyKeys, { userId, key })
  if (row === undefined || row.createdAt < now - dayMs) return undefined
  if (row.fingerprint !== fingerprint) throw new IdempotencyKeyReused()
  return row
}

/** Keeps an answer, in the transaction of the write that it is the answer to. */
export async function keepAnswer(
  { tx, userId, now }: Change,
  key: string,
  fingerprint: string,
  answer: Kept,
): Promise<void> {
  const { idempotencyKeys } = tx.tables
  await tx.deleteMany(idempotencyKeys, { userId, key }) // one that is over
  const surplus = (await tx.all(oldest, { userId }))[0]
  if (surplus !== undefined) await tx.deleteMany(idempotencyKeys, { id: surplus.id })
  await tx.insertMany(idempotencyKeys, [{ userId, key, fingerprint, createdAt: now, ...answer }])
}

/** The one that is the oldest of more than may be. */
const oldest: Query<{ id: number }, { userId: number }> = ({ select, parameter, tables: { idempotencyKeys: keys } }) =>
  select({ id: keys.id })
    .from(keys)
    .where(
      sql`${eq(keys.userId, parameter(keys.userId, 'userId'))} and (select count(*) from idempotency_keys as others where others.user_id = ${keys.userId}) >= ${sql.raw(String(maxKeys))}`,
    )
    .orderBy(asc(keys.id))
    .limit(sql`1`)

export const deleteOldAnswers: Chore = (db, now) =>
  deleteInBatches(db, db.tables.idempotencyKeys, lt(db.tables.idempotencyKeys.createdAt, now - dayMs))
