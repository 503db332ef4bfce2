import { type Static, Type } from '@sinclair/typebox'
import { Activity } from '../audit/schemas.ts'
import type { Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { mailLinkPurposes } from '../recovery/table.ts'
import { Id, nullable, ref, Timestamp, words } from '../schemas.ts'
import { Session } from '../sessions/schemas.ts'
import { Task } from '../tasks/schemas.ts'
import { formatTime } from '../times.ts'
import type { TokenRow } from '../tokens/store.ts'
import { User } from '../users/schemas.ts'

const ExportedToken = Type.Object(
  {
    id: Id(),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    last_four: Type.String({ description: 'How it ends.' }),
    created_at: Timestamp(),
    expires_at: Timestamp(),
    last_used_at: nullable(Timestamp()),
  },
  { additionalProperties: false, description: 'A personal access token, without its secret.' },
)

const ExportedMailLink = Type.Object(
  {
    purpose: words(mailLinkPurposes),
    email: nullable(Type.String({ description: 'The address that the account is to have.' })),
    created_at: Timestamp(),
    expires_at: Timestamp(),
  },
  { additionalProperties: false, description: 'A link that was mailed and not used, without its secret.' },
)

export const Export = Type.Object(
  {
    exported_at: Timestamp({ description: 'When the export was begun.' }),
    account: ref(User),
    sessions: Type.Array(ref(Session)),
    tokens: Type.Array(ExportedToken),
    mail_links: Type.Array(ExportedMailLink),
    activity: Type.Array(ref(Activity)),
    tasks: Type.Array(ref(Task)),
  },
  {
    $id: 'Export',
    additionalProperties: false,
    description:
      'All that is kept of an account, but for its password and the secrets of tokens; lists are whole, newest first.',
  },
)
export type Export = Static<typeof Export>

export const exportToken = (row: TokenRow): Static<typeof ExportedToken> => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.split(' '),
  last_four: row.lastFour,
  created_at: formatTime(row.createdAt),
  expires_at: formatTime(row.expiresAt),
  last_used_at: row.lastUsedAt === null ? null : formatTime(row.lastUsedAt),
})

export const exportMailLink = (row: Row<Tables['mailLinks']>): Static<typeof ExportedMailLink> => ({
  purpose: row.purpose,
  email: row.email,
  created_at: formatTime(row.createdAt),
  expires_at: formatTime(row.expiresAt),
})
