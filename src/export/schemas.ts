import { type Static, Type } from '@sinclair/typebox'
import { Activity } from '../audit/schemas.ts'
import type { Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { mailLinkPurposes } from '../recovery/table.ts'
import { nullable, ref, Timestamp, words } from '../schemas.ts'
import { Session } from '../sessions/schemas.ts'
import { Task } from '../tasks/schemas.ts'
import { formatTime } from '../times.ts'
import { maxTokens, PersonalAccessToken } from '../tokens/schemas.ts'
import { User } from '../users/schemas.ts'

const ExportedMailLink = Type.Object(
  {
    purpose: words(mailLinkPurposes, { description: 'What it is for.' }),
    email: nullable(
      Type.String({
        format: 'idn-email',
        maxLength: 254,
        description: 'The address that the account is to have.',
        examples: ['ann@example.org'],
      }),
    ),
    created_at: Timestamp(),
    expires_at: Timestamp(),
  },
  { additionalProperties: false, description: 'A link that was mailed and not used, without its secret.' },
)

export const Export = Type.Object(
  {
    exported_at: Timestamp({ description: 'When the export was begun.' }),
    account: ref(User),
    sessions: Type.Array(ref(Session), { maxItems: 20 }),
    tokens: Type.Array(ref(PersonalAccessToken), { maxItems: maxTokens }),
    mail_links: Type.Array(ExportedMailLink, { maxItems: mailLinkPurposes.length }),
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

export const exportMailLink = (row: Row<Tables['mailLinks']>): Static<typeof ExportedMailLink> => ({
  purpose: row.purpose,
  email: row.email,
  created_at: formatTime(row.createdAt),
  expires_at: formatTime(row.expiresAt),
})
