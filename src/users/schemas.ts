import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import { timezonePattern } from '../values/timezones.ts'
import type { UserRow } from './table.ts'

const DisplayName = nullable(
  Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '\\S',
    description: '1 to 100 characters, at least one of which is not white space; or null.',
    examples: ['Ann'],
  }),
)

const Timezone = Type.String({
  format: 'iana-timezone',
  pattern: timezonePattern,
  maxLength: 64,
  description: 'A name from the IANA time zone database, aliases included. It is kept as you send it.',
  examples: ['Europe/Berlin'],
})

export const User = Type.Object(
  {
    id: Id(),
    email: Type.String({
      format: 'idn-email',
      maxLength: 254,
      description: 'Trimmed, in lower case and NFC, with its domain in Unicode.',
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
    description: 'The fields to change. Absent fields keep their value; null clears a field.',
  },
)
export type UserChanges = Static<typeof UserChanges>

export const presentUser = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  is_active: row.isActive,
  display_name: row.displayName,
  timezone: row.timezone,
  created_at: formatTime(row.createdAt),
})
