import { type Static, Type } from '@sinclair/typebox'
import { Login } from '../auth/schemas.ts'
import { Id, nullable, Timestamp } from '../schemas.ts'
import { formatTime } from '../times.ts'
import type { UserRow } from './store.ts'
import { timezonePattern } from './timezones.ts'

const DisplayName = nullable(
  Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '\\S',
    description: '1 to 100 characters, not all of them white space; or null.',
    examples: ['Ann'],
  }),
)

const Timezone = Type.String({
  format: 'iana-timezone',
  pattern: timezonePattern,
  maxLength: 64,
  description: 'A name of the IANA time zone database, links included; it is kept as sent.',
  examples: ['Europe/Berlin'],
})

export const User = Type.Object(
  {
    id: Id(),
    email: Type.String({
      format: 'idn-email',
      maxLength: 254,
      description: 'Trimmed, in lower case and NFC.',
      examples: ['ann@example.org'],
    }),
    is_active: Type.Boolean({ description: 'An inactive account cannot log in.', examples: [true] }),
    display_name: DisplayName,
    timezone: Timezone,
    created_at: Timestamp(),
  },
  { $id: 'User', additionalProperties: false, description: 'An account.' },
)
export type User = Static<typeof User>

export const UserChanges = Type.Object(
  { display_name: Type.Optional(DisplayName), timezone: Type.Optional(Timezone) },
  {
    $id: 'UserChanges',
    additionalProperties: false,
    description: 'What to change: absent fields keep their value, null clears.',
  },
)
export type UserChanges = Static<typeof UserChanges>

export const AccountDeletion = Type.Object(
  { password: Login.properties.password },
  { $id: 'AccountDeletion', additionalProperties: false, description: 'Proof that it is you.' },
)

export const presentUser = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  is_active: row.isActive,
  display_name: row.displayName,
  timezone: row.timezone,
  created_at: formatTime(row.createdAt),
})
