import { and, desc, eq, getTableColumns, gt, ne } from 'drizzle-orm'
import { record } from '../audit/store.ts'
import type { Database, Query, Transaction } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { lookUpUser } from '../users/store.ts'
import type { AuthenticatedUser, UserRow } from '../users/table.ts'
import { InvalidRefreshToken, SessionNotFound } from './problems.ts'
import { newRefreshToken, type RefreshToken, readRefreshToken, type Successors } from './refresh.ts'
import type { SessionRow } from './table.ts'

const idleMs = 7 * 86_400_000
const absoluteMs = 30 * 86_400_000
/** How long a token that was just replaced may come again: a client that sent it twice, or got no answer, is no thief. */
const graceMs = 10_000
export const maxSessions = 20

export interface OpenSession {
  readonly session: SessionRow
  readonly refreshToken: string
}

/**
 * Starts a session for a user whose password was checked; of more than twenty, the one unused longest ends. Undefined when
 * the password or the account was changed since: a session must not outlive that.
 */
export function openSession(
  db: Database,
  { id: userId, passwordHash }: UserRow,
  client: Client,
): Promise<OpenSession | undefined> {
  const { token, familyHash, secretHash } = newRefreshToken()
  return db.transaction(async (tx) => {
    const locked = await tx.lock(tx.tables.users, { id: userId, passwordHash, isActive: true })
    if (locked === undefined) return undefined
    const now = Date.now()
    const session = await tx.insert(tx.tables.sessions, {
      userId,
      familyHash,
      secretHash,
      parentHash: null,
      address: client.address,
      userAgent: client.userAgent,
      createdAt: now,
      lastUsedAt: now,
      expiresAt: now + idleMs,
    })
    const others = await tx.all(otherSessions, { userId, id: session.id })
    for (const { id } of others.slice(maxSessions - 1)) await tx.deleteMany(tx.tables.sessions, { id })
    await record(tx, client, 'logged_in', userId)
    return { session, refreshToken: token }
  })
}

/**
 * Exchanges a refresh token for its successor (RFC 9700, section 4.14.2). The token before the current one is answered with
 * the current one again, for ten seconds: the answer may have been lost on the way. An older token of the session means
 * that two parties hold them, and ends it. Throws InvalidRefreshToken.
 */
export async function refreshSession(
  db: Database,
  successors: Successors,
  token: string,
  client: Client,
): Promise<OpenSession> {
  const given = readRefreshToken(token)
  const session = given && (await db.find(db.tables.sessions, { familyHash: given.familyHash }))
  if (!session || session.expiresAt <= Date.now()) throw new InvalidRefreshToken()
  if (!(await lookUpUser(db, session.userId))?.isActive) throw new InvalidRefreshToken()
  const next = successors(given)
  const refreshed =
    (await rotate(db, session, given, next[0], client)) ?? (await answerAgain(db, session.id, given, next))
  if (refreshed) return refreshed
  await endReused(db, session, client)
  throw new InvalidRefreshToken()
}

async function rotate(
  db: Database,
  session: SessionRow,
  given: RefreshToken,
  next: RefreshToken,
  { address, userAgent }: Client,
): Promise<OpenSession | undefined> {
  const now = Date.now()
  const changed = await db.updateOne(
    db.tables.sessions,
    { id: session.id, secretHash: given.secretHash },
    {
      secretHash: next.secretHash,
      parentHash: given.secretHash,
      address,
      userAgent,
      lastUsedAt: now,
      expiresAt: Math.min(now + idleMs, session.createdAt + absoluteMs),
    },
  )
  return changed && { session: changed, refreshToken: next.token }
}

/**
 * Undefined unless the token is the one before the current one, and was replaced a moment ago. Throws InvalidRefreshToken
 * when the current one was made by a key that is no longer known.
 */
async function answerAgain(
  db: Database,
  id: number,
  given: RefreshToken,
  next: readonly RefreshToken[],
): Promise<OpenSession | undefined> {
  const session = await db.find(db.tables.sessions, { id })
  if (session?.parentHash !== given.secretHash || Date.now() - session.lastUsedAt > graceMs) return undefined
  const current = next.find(({ secretHash }) => secretHash === session.secretHash)
  if (current === undefined) throw new InvalidRefreshToken()
  return { session, refreshToken: current.token }
}

async function endReused(db: Database, { id, userId }: SessionRow, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await tx.deleteMany(tx.tables.sessions, { id })) === 1)
      await record(tx, client, 'refresh_token_reused', userId)
  })
}

/** The user's sessions that have not expired, newest first. */
export const listSessions = (db: Database, userId: number): Promise<SessionRow[]> =>
  db.all(openSessionsOfUser, { userId, now: Date.now() })

/** Throws SessionNotFound. */
export async function endSession(db: Database, userId: number, id: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await tx.deleteMany(tx.tables.sessions, { id, userId })) === 0) throw new SessionNotFound()
    await record(tx, client, 'session_ended', userId)
  })
}

/** Ends this session, if it is still there. */
export async function logOut(db: Database, userId: number, id: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.deleteMany(tx.tables.sessions, { id, userId })
    await record(tx, client, 'logged_out', userId)
  })
}

/** Ends all sessions of a user, at their request. */
export async function endAllSessions(db: Database, userId: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    await endSessions(tx, userId)
    await record(tx, client, 'all_sessions_ended', userId)
  })
}

/** Ends all sessions; for a transaction that records why. */
export async function endSessions(tx: Transaction, userId: number): Promise<void> {
  await tx.deleteMany(tx.tables.sessions, { userId })
}

/** Ends all but this one; for a transaction that records why. */
export async function endOtherSessions(tx: Transaction, userId: number, id: number): Promise<void> {
  const { sessions } = tx.tables
  await tx.deleteMany(sessions, and(eq(sessions.userId, userId), ne(sessions.id, id))!)
}

/** The user of an access token, while its session lasts: one statement, for every request. */
export const lookUpUserOfSession = (db: Database, userId: number, id: number): Promise<AuthenticatedUser | undefined> =>
  db.first(userOfSession, { userId, id, now: Date.now() })

/** The user's sessions but one, the latest used first. */
const otherSessions: Query<SessionRow, { userId: number; id: number }> = ({
  select,
  parameter,
  tables: { sessions },
}) =>
  select()
    .from(sessions)
    .where(
      and(eq(sessions.userId, parameter(sessions.userId, 'userId')), ne(sessions.id, parameter(sessions.id, 'id'))),
    )
    .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))

const openSessionsOfUser: Query<SessionRow, { userId: number; now: number }> = ({
  select,
  parameter,
  tables: { sessions },
}) =>
  select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, parameter(sessions.userId, 'userId')),
        gt(sessions.expiresAt, parameter(sessions.expiresAt, 'now')),
      ),
    )
    .orderBy(desc(sessions.id))

const userOfSession: Query<AuthenticatedUser, { userId: number; id: number; now: number }> = ({
  select,
  parameter,
  tables: { sessions, users, changeFeeds: feeds },
}) =>
  select({ ...getTableColumns(users), feedSeq: feeds.seq, feedEpoch: feeds.epoch })
    .from(users)
    .innerJoin(feeds, eq(feeds.userId, users.id))
    .innerJoin(sessions, eq(sessions.userId, users.id))
    .where(
      and(
        eq(sessions.id, parameter(sessions.id, 'id')),
        eq(users.id, parameter(users.id, 'userId')),
        gt(sessions.expiresAt, parameter(sessions.expiresAt, 'now')),
      ),
    )
