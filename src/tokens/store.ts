import { and, eq, getTableColumns, gt } from 'drizzle-orm'
import { hashToken } from '../auth/opaque.ts'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { UserRow } from '../users/store.ts'

/** What a personal access token starts with. */
export const tokenPrefix = 'tma_'

export type TokenRow = Row<Tables['personalAccessTokens']>

export interface TokenHolder {
  readonly user: UserRow
  readonly tokenId: number
  readonly scopes: string[]
  readonly lastUsedAt: number | null
}

/** The user of a personal access token that has not expired, and what it may do. */
export async function lookUpUserOfToken(db: Database, token: string): Promise<TokenHolder | undefined> {
  const [row] = await db.all(userOfToken, { tokenHash: hashToken(token), now: Date.now() })
  if (row === undefined) return undefined
  const { tokenId, scopes, lastUsedAt, ...user } = row
  return { user, tokenId, scopes: scopes.split(' '), lastUsedAt }
}

/** Notes that a token was used, at most once a minute: what is read with it shall not cost a write. */
export async function touchToken(db: Database, { tokenId, lastUsedAt }: TokenHolder): Promise<void> {
  const now = Date.now()
  if (now - (lastUsedAt ?? 0) < 60_000) return
  await db.update(db.tables.personalAccessTokens, { id: tokenId, lastUsedAt }, { lastUsedAt: now })
}

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
