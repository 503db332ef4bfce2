import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const definePersonalAccessTokens = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'personal_access_tokens',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      name: k.string(100).notNull(),
      tokenHash: k.string(43).notNull(),
      /** To recognize it by. */
      lastFour: k.string(4).notNull(),
      /** Separated by spaces, as in OAuth. */
      scopes: k.string(255).notNull(),
      createdAt: k.timestamp().notNull(),
      expiresAt: k.timestamp().notNull(),
      lastUsedAt: k.timestamp(),
    },
    (t) => [
      k.cascade('personal_access_tokens_user_fk', t.userId, users.id),
      k.unique('personal_access_tokens_token_hash_key', [t.tokenHash], 'random'),
      k.index('personal_access_tokens_user_id_idx', t.userId, t.id),
    ],
  )

export type TokenRow = Row<ReturnType<typeof definePersonalAccessTokens>>
