import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../schemas.ts'
import { formatTime } from '../times.ts'
import type { UserRow } from './store.ts'

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
    created_at: Timestamp(),
  },
  { $id: 'User', additionalProperties: false, description: 'An account.' },
)
export type User = Static<typeof User>

export const presentUser = (row: UserRow): User => ({
  id: row.id,
  email: row.email,
  is_active: row.isActive,
  created_at: formatTime(row.createdAt),
})
