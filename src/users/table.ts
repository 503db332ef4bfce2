import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import { EmailTaken } from './problems.ts'

export const defineUsers = (k: Kit) =>
  k.table(
    'users',
    {
      id: k.id(),
      email: k.string(768).notNull(), // all that fits a unique index on MySQL
      passwordHash: k.string(255).notNull(),
      isActive: k.boolean().notNull().default(true),
      displayName: k.string(100),
      timezone: k.string(64).notNull().default('UTC'),
      createdAt: k.timestamp().notNull(),
    },
    (t) => [k.unique('users_email_key', [t.email], EmailTaken)],
  )

/** The user of a request, with the state of their feed when it was authenticated. */
export type AuthenticatedUser = UserRow & { readonly feedSeq: number; readonly feedEpoch: number }
export type UserRow = Row<ReturnType<typeof defineUsers>>
