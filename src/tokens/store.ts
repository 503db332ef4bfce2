import { and, desc, eq, getTableColumns, gt } from 'drizzle-orm'
import { type Client, record } from '../audit/store.ts'
import { hashToken, opaqueToken } from '../auth/opaque.ts'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { InvalidToken, TokenNotFound, TooManyTokens } from '../errors.ts'
import type { UserRow } from '../users/store.ts'
import { defaultDays, maxTokens, type NewPersonalAccessToken } from './schemas.ts'

/** What a personal access token starts with. No JWT does: each starts with `{` in base64url, `ey`. */
export const tokenPrefix = 'tma_'
const tokenPattern = /^tma_[\w-]{43}$/

const dayMs = 86_400_000

export type TokenRow = Row<Tables['personalAccessTokens']>

/** The user's tokens, newest first, with those that have expired: they tell why a script no longer works. */
export const listTokens = (db: Database, userId: number): Promise<TokenRow[]> => db.all(tokensOfUser, { userId })

/** Throws TokenNotFound. */
export async function findToken(db: Database, userId: number, id: number): Promise<TokenRow> {
  const row = await db.find(db.tables.personalAccessTokens, { id, userId })
  if (row === undefined) throw new TokenNotFound()
  return row
}

/** The token is nowhere but in what this returns. Throws TooManyTokens; InvalidToken if the account is gone meanwhile. */
export function createToken(
  db: Database,
  { id: userId, passwordHash }: UserRow,
  { name, scopes, expires_in_days: days = defaultDays }: NewPersonalAccessToken,
  client: Client,
): Promise<{ row: TokenRow; token: string }> {
  const token = opaqueToken(tokenPrefix)
  return db.transaction(async (tx) => {
    const { users, personalAccessTokens } = tx.tables
    // Locks the account, so that tokens which are created at once are counted one after the other; and a request that
    // was under way when the password was reset creates none.
    const user = await tx.update(users, { id: userId, passwordHash, isActive: true }, { isActive: true })
    if (user === undefined) throw new InvalidToken()
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
    if ((await tx.delete(tx.tables.personalAccessTokens, { id, userId })) === 0) throw new TokenNotFound()
    await record(tx, client, 'token_revoked', userId)
  })
}

export interface TokenHolder {
  readonly user: UserRow
  readonly tokenId: number
  readonly scopes: string[]
  readonly lastUsedAt: number | null
}

/** The user of a personal access token that has not expired, and what it may do: one statement, for every request. */
export async function lookUpUserOfToken(db: Database, token: string): Promise<TokenHolder | undefined> {
  if (!tokenPattern.test(token)) return undefined
  const [row] = await db.all(userOfToken, { tokenHash: hashToken(token), now: Date.now() })
  if (row === undefined) return undefined
  const { tokenId, scopes, lastUsedAt, ...user } = row
  return { user, tokenId, scopes: scopes.split(' '), lastUsedAt }
}

/** Notes that a token was used now, unless another instance has noted it meanwhile. */
export async function touchToken(db: Database, { tokenId, lastUsedAt }: TokenHolder): Promise<void> {
  await db.updateAll(db.tables.personalAccessTokens, { id: tokenId, lastUsedAt }, { lastUsedAt: Date.now() })
}

const tokensOfUser: Query<TokenRow> = ({ select, parameter, tables: { personalAccessTokens: tokens } }) =>
  select()
    .from(tokens)
    .where(eq(tokens.userId, parameter(tokens.userId, 'userId')))
    .orderBy(desc(tokens.id))

const userOfToken: Query<UserRow & { tokenId: number; scopes: string; lastUsedAt: number | null }> = ({
  select,
  parameter,
  tables: { personalAccessTokens: tokens, users },
}) =>
  select({ ...getTableColumns(users), tokenId: tokens.id, scopes: tokens.scopes, lastUsedAt: tokens.lastUsedAt })
    .from(users)
    .innerJoin(tokens, eq(tokens.userId, users.id))
    .where(
      and(
        eq(tokens.tokenHash, parameter(tokens.tokenHash, 'tokenHash')),
        gt(tokens.expiresAt, parameter(tokens.expiresAt, 'now')),
      ),
    )
