import { and, desc, eq, getTableColumns, gt, ne } from 'drizzle-orm'
import { type Client, record } from '../audit/store.ts'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { InvalidRefreshToken, SessionNotFound } from '../errors.ts'
import { lookUpUser, type UserRow } from '../users/store.ts'
import { newRefreshToken, type RefreshToken, readRefreshToken } from './refresh.ts'

const idleMs = 7 * 86_400_000
const absoluteMs = 30 * 86_400_000
/** How long a token that was just replaced may come again: a client that sent it twice is no thief. */
const graceMs = 10_000
const maxSessions = 20

export type SessionRow = Row<Tables['sessions']>

export interface OpenSession {
  readonly session: SessionRow
  readonly refreshToken: string
}

/**
 * Starts a session and keeps this hash of the password that was checked; of more than twenty, the oldest ends. Undefined
 * when the password or the account was changed since: a session must not outlive that.
 */
export function openSession(
  db: Database,
  { id: userId, passwordHash: checkedHash }: UserRow,
  passwordHash: string,
  client: Client,
): Promise<OpenSession | undefined> {
  const { token, familyHash, secretHash } = newRefreshToken()
  return db.transaction(async (tx) => {
    const asChecked = { id: userId, passwordHash: checkedHash, isActive: true }
    if ((await tx.update(tx.tables.users, asChecked, { passwordHash })) === undefined) return undefined
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
    const all = await tx.all(sessionsOfUser, { userId })
    for (const { id } of all.slice(maxSessions)) await tx.delete(tx.tables.sessions, { id })
    await record(tx, client, 'logged_in', userId)
    return { session, refreshToken: token }
  })
}

/**
 * Exchanges a refresh token for its successor, once (RFC 9700, section 4.14.2). An older token of the session means that
 * two parties hold them, and ends it. Throws InvalidRefreshToken.
 */
export async function refreshSession(db: Database, token: string, client: Client): Promise<OpenSession> {
  const given = readRefreshToken(token)
  const session = given && (await db.find(db.tables.sessions, { familyHash: given.familyHash }))
  if (!session || session.expiresAt <= Date.now()) throw new InvalidRefreshToken()
  if (!(await lookUpUser(db, session.userId))?.isActive) throw new InvalidRefreshToken()
  const refreshed = await rotate(db, session, given, client)
  if (refreshed) return refreshed
  await refuseOldToken(db, session.id, given, client)
  throw new InvalidRefreshToken()
}

async function rotate(db: Database, session: SessionRow, given: RefreshToken, { address, userAgent }: Client) {
  const next = newRefreshToken(given)
  const now = Date.now()
  const changed = await db.update(
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

async function refuseOldToken(db: Database, id: number, given: RefreshToken, client: Client): Promise<void> {
  const session = await db.find(db.tables.sessions, { id })
  if (!session) return
  if (session.parentHash === given.secretHash && Date.now() - session.lastUsedAt <= graceMs) return
  await db.transaction(async (tx) => {
    if ((await tx.delete(tx.tables.sessions, { id })) === 1) {
      await record(tx, client, 'refresh_token_reused', session.userId)
    }
  })
}

/** The user's sessions that have not expired, newest first. */
export const listSessions = (db: Database, userId: number): Promise<SessionRow[]> =>
  db.all(openSessionsOfUser, { userId, now: Date.now() })

/** Throws SessionNotFound. */
export async function endSession(db: Database, userId: number, id: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await tx.delete(tx.tables.sessions, { id, userId })) === 0) throw new SessionNotFound()
    await record(tx, client, 'session_ended', userId)
  })
}

/** Ends this session, if it is still there. */
export async function logOut(db: Database, userId: number, id: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(tx.tables.sessions, { id, userId })
    await record(tx, client, 'logged_out', userId)
  })
}

/** Ends all sessions. */
export async function endAllSessions(db: Database, userId: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(tx.tables.sessions, { userId })
    await record(tx, client, 'all_sessions_ended', userId)
  })
}

/** Ends all but this one; for a transaction that records why. */
export async function endOtherSessions(tx: Database, userId: number, id: number): Promise<void> {
  const { sessions } = tx.tables
  await tx.delete(sessions, and(eq(sessions.userId, userId), ne(sessions.id, id))!)
}

/** The user of an access token, while its session lasts: one statement, for every request. */
export async function lookUpUserOfSession(db: Database, userId: number, id: number): Promise<UserRow | undefined> {
  const [user] = await db.all(userOfSession, { userId, id, now: Date.now() })
  return user
}

const sessionsOfUser: Query<SessionRow> = ({ select, parameter, tables: { sessions } }) =>
  select()
    .from(sessions)
    .where(eq(sessions.userId, parameter(sessions.userId, 'userId')))
    .orderBy(desc(sessions.id))

const openSessionsOfUser: Query<SessionRow> = ({ select, parameter, tables: { sessions } }) =>
  select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, parameter(sessions.userId, 'userId')),
        gt(sessions.expiresAt, parameter(sessions.expiresAt, 'now')),
      ),
    )
    .orderBy(desc(sessions.id))

const userOfSession: Query<UserRow> = ({ select, parameter, tables: { sessions, users } }) =>
  select(getTableColumns(users))
    .from(users)
    .innerJoin(sessions, eq(sessions.userId, users.id))
    .where(
      and(
        eq(sessions.id, parameter(sessions.id, 'id')),
        eq(users.id, parameter(users.id, 'userId')),
        gt(sessions.expiresAt, parameter(sessions.expiresAt, 'now')),
      ),
    )
