import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

/** The answers to requests that had an Idempotency-Key, written in the transaction of their write. */
export const defineIdempotencyKeys = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'idempotency_keys',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      key: k.key(255).notNull(),
      /** A hash of the request: another one with the same key is refused. */
      fingerprint: k.string(64).notNull(),
      status: k.integer().notNull(),
      location: k.string(255),
      etag: k.string(64),
      body: k.text(),
      createdAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('idempotency_keys_user_fk', t.userId, users.id),
      k.unique('idempotency_keys_user_key', [t.userId, t.key], 'random'),
      k.index('idempotency_keys_created_at_idx', t.createdAt),
    ],
  )

export type IdempotencyKeyRow = Row<ReturnType<typeof defineIdempotencyKeys>>
