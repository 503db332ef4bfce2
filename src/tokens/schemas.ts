import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp, words } from '../http/schemas.ts'
import { type Scope, scopeMeanings, scopes } from '../values/scopes.ts'
import { formatTime } from '../values/times.ts'
import type { TokenRow } from './table.ts'

export const maxTokens = 100
export const defaultDays = 90
export const tokenPattern = /^tma_[\w-]{43}$/

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  description: 'What the token is for: 1 to 100 characters, at least one of which is not white space.',
  examples: ['Backup script'],
})

const Scopes = Type.Array(words(scopes, { title: 'Scope', examples: ['tasks:read'] }), {
  minItems: 1,
  maxItems: scopes.length,
  uniqueItems: true,
  description: `What the token can do. ${scopes.map((scope) => `${scope}: ${scopeMeanings[scope]}`).join('. ')}.`,
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
        description: `Days until the token expires; ${defaultDays} if absent.`,
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
      description: 'The last four characters of the token, to recognize it.',
      examples: ['x7Qk'],
    }),
    created_at: Timestamp(),
    expires_at: Timestamp({ description: 'When the token expires.' }),
    last_used_at: nullable(
      Timestamp({ description: 'When the token was last used, to the minute; null if it never was.' }),
    ),
  },
  {
    $id: 'PersonalAccessToken',
    additionalProperties: false,
    description: 'Metadata of a personal access token; never the token itself.',
  },
)
export type PersonalAccessToken = Static<typeof PersonalAccessToken>

export const CreatedPersonalAccessToken = Type.Object(
  {
    ...PersonalAccessToken.properties,
    token: Type.String({
      pattern: tokenPattern.source,
      maxLength: 47,
      description: 'The token. It is shown only once, so store it safely.',
      examples: ['tma_h5ZJ7DlEZPwUoTfGfF4WRvkkS4dkrdkkC1UJgDDx7Qk'],
    }),
  },
  {
    $id: 'CreatedPersonalAccessToken',
    additionalProperties: false,
    description: 'A new personal access token, with its metadata.',
  },
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
