import { type Static, Type } from '@sinclair/typebox'
import { type Scope, scopeMeanings, scopes } from '../auth/scopes.ts'
import { Id, nullable, Timestamp, words } from '../schemas.ts'
import { formatTime } from '../times.ts'
import type { TokenRow } from './store.ts'

export const maxTokens = 100
export const defaultDays = 90

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  description: 'What it is for: 1 to 100 characters, not all of them white space.',
  examples: ['Backup script'],
})

const Scopes = Type.Array(words(scopes, { examples: ['tasks:read'] }), {
  minItems: 1,
  maxItems: scopes.length,
  uniqueItems: true,
  description: `What it may do. ${scopes.map((scope) => `${scope}: ${scopeMeanings[scope]}`).join('. ')}.`,
  examples: [['tasks:read', 'tasks:write']],
})

export const NewPersonalAccessToken = Type.Object(
  {
    name: Name,
    scopes: Scopes,
    expires_in_days: Type.Optional(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: 365,
        default: defaultDays,
        description: 'Days until it expires.',
        examples: [30],
      }),
    ),
  },
  { $id: 'NewPersonalAccessToken', additionalProperties: false, description: 'A personal access token to create.' },
)
export type NewPersonalAccessToken = Static<typeof NewPersonalAccessToken>

export const PersonalAccessToken = Type.Object(
  {
    id: Id(),
    name: Name,
    scopes: Scopes,
    last_four: Type.String({
      pattern: '^[\\w-]{4}$',
      maxLength: 4,
      description: 'How the token ends, to recognize it by.',
      examples: ['x7Qk'],
    }),
    created_at: Timestamp(),
    expires_at: Timestamp({ description: 'From when it is refused.' }),
    last_used_at: nullable(Timestamp({ description: 'When it was last used, to the minute; null if it never was.' })),
  },
  { $id: 'PersonalAccessToken', additionalProperties: false, description: 'A personal access token, without itself.' },
)
export type PersonalAccessToken = Static<typeof PersonalAccessToken>

export const CreatedPersonalAccessToken = Type.Object(
  {
    ...PersonalAccessToken.properties,
    token: Type.String({
      pattern: '^tma_[\\w-]{43}$',
      maxLength: 47,
      description: 'Shown this once: keep it safe.',
      examples: ['tma_h5ZJ7DlEZPwUoTfGfF4WRvkkS4dkrdkkC1UJgDDx7Qk'],
    }),
  },
  { $id: 'CreatedPersonalAccessToken', additionalProperties: false, description: 'A new personal access token.' },
)
export type CreatedPersonalAccessToken = Static<typeof CreatedPersonalAccessToken>

export const presentToken = (row: TokenRow): PersonalAccessToken => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.split(' ') as Scope[],
  last_four: row.lastFour,
  created_at: formatTime(row.createdAt),
  expires_at: formatTime(row.expiresAt),
  last_used_at: row.lastUsedAt === null ? null : formatTime(row.lastUsedAt),
})
