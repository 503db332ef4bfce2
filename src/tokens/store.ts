import { and, desc, eq, getTableColumns, gt } from 'drizzle-orm'
import { record } from '../audit/store.ts'
import type { Database, Query, Transaction } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { InvalidToken } from '../http/problems.ts'
import type { AuthenticatedUser, UserRow } from '../users/table.ts'
import { hashToken, opaqueToken } from '../values/opaque.ts'
import { TokenNotFound, TooManyTokens } from './problems.ts'
import { defaultDays, maxTokens, type NewPersonalAccessToken, tokenPattern } from './schemas.ts'
import type { TokenRow } from './table.ts'

/** The prefix of personal access tokens. No JWT has it: each starts with `{` in base64url, `ey`. */
export const tokenPrefix = 'tma_'

const dayMs = 86_400_000

/** The user's tokens, newest first, with those that have expired: they tell why a script no longer works. */
export const listTokens = (db: Database, userId: number): Promise<TokenRow[]> => db.all(tokensOfUser, { userId })

/** Throws TokenNotFound. */
export async function findToken(db: Database, userId: number, id: number): Promise<TokenRow> {
  const row = await db.find(db.tables.personalAccessTokens, { id, userId })
  if (row === undefined) throw new TokenNotFound()
  return row
}

/** Returns the token, which is kept nowhere. Throws TooManyTokens, InvalidToken when the account has changed since. */
export function createToken(
  db: Database,
  { id: userId, passwordHash }: UserRow,
  { name, scopes, expires_in_days: days = defaultDays }: NewPersonalAccessToken,
  client: Client,
): Promise<{ row: TokenRow; token: string }> {
  const token = opaqueToken(tokenPrefix)
  return db.transaction(async (tx) => {
    const { users, personalAccessTokens } = tx.tables
    // Tokens that are created at the same time are counted one after the other; and a request that was under way when
    // the password was reset creates none.
    const locked = await tx.lock(users, { id: userId, passwordHash, isActive: true })
    if (locked === undefined) throw new InvalidToken()
    if ((await tx.all(tokensOfUser, { userId })).length >= maxTokens) throw new TooManyTokens()
    const now = Date.now()
    const row = await tx.insert(personalAccessTokens, {
      userId,
      name,
      tokenHash: hashToken(token),
      lastFour: token.slice(-4),
      scopes: scopes.join(' '),
      createdAt: now,
      expiresAt: now + days * dayMs,
      lastUsedAt: null,
    })
    await record(tx, client, 'token_created', userId)
    return { row, token }
  })
}

/** Throws TokenNotFound. */
export async function revokeToken(db: Database, userId: number, id: number, client: Client): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await tx.deleteMany(tx.tables.personalAccessTokens, { id, userId })) === 0) throw new TokenNotFound()
    await record(tx, client, 'token_revoked', userId)
  })
}

/** Revokes all tokens; for a transaction that records why. */
export async function revokeTokens(tx: Transaction, userId: number): Promise<void> {
  await tx.deleteMany(tx.tables.personalAccessTokens, { userId })
}

export interface TokenHolder {
  readonly user: AuthenticatedUser
  readonly tokenId: number
  readonly scopes: string[]
  readonly lastUsedAt: number | null
}

/** The user of a personal access token that has not expired, and what it may do: one statement, for every request. */
export async function lookUpUserOfToken(db: Database, token: string): Promise<TokenHolder | undefined> {
  if (!tokenPattern.test(token)) return undefined
  const row = await db.first(userOfToken, { tokenHash: hashToken(token), now: Date.now() })
  if (row === undefined) return undefined
  const { tokenId, scopes, lastUsedAt, ...user } = row
  return { user, tokenId, scopes: scopes.split(' '), lastUsedAt }
}

/** Notes that a token was used now, unless another instance has noted it already. */
export async function touchToken(db: Database, { tokenId, lastUsedAt }: TokenHolder): Promise<void> {
  await db.updateMany(db.tables.personalAccessTokens, { id: tokenId, lastUsedAt }, { lastUsedAt: Date.now() })
}

const tokensOfUser: Query<TokenRow, { userId: number }> = ({
  select,
  parameter,
  tables: { personalAccessTokens: tokens },
}) =>
  select()
    .from(tokens)
    .where(eq(tokens.userId, parameter(tokens.userId, 'userId')))
    .orderBy(desc(tokens.id))

const userOfToken: Query<
  AuthenticatedUser & { tokenId: number; scopes: string; lastUsedAt: number | null },
  { tokenHash: string; now: number }
> = ({ select, parameter, tables: { personalAccessTokens: tokens, users, changeFeeds: feeds } }) =>
  select({
    ...getTableColumns(users),
    feedSeq: feeds.seq,
    feedEpoch: feeds.epoch,
    tokenId: tokens.id,
    scopes: tokens.scopes,
    lastUsedAt: tokens.lastUsedAt,
  })
    .from(users)
    .innerJoin(feeds, eq(feeds.userId, users.id))
    .innerJoin(tokens, eq(tokens.userId, users.id))
    .where(
      and(
        eq(tokens.tokenHash, parameter(tokens.tokenHash, 'tokenHash')),
        gt(tokens.expiresAt, parameter(tokens.expiresAt, 'now')),
      ),
    )
