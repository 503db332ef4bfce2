import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const defineSessions = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'sessions',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      // A refresh token names its session's family and holds a secret that changes at each use; see sessions/refresh.ts.
      familyHash: k.string(43).notNull(),
      secretHash: k.string(43).notNull(),
      parentHash: k.string(43),
      address: k.string(45).notNull(),
      userAgent: k.string(255),
      createdAt: k.timestamp().notNull(),
      lastUsedAt: k.timestamp().notNull(),
      expiresAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('sessions_user_fk', t.userId, users.id),
      k.unique('sessions_family_hash_key', [t.familyHash], 'random'),
      k.index('sessions_user_id_idx', t.userId, t.id),
      k.index('sessions_expires_at_idx', t.expiresAt),
    ],
  )

export type SessionRow = Row<ReturnType<typeof defineSessions>>
