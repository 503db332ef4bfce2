import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import type { SessionRow } from './table.ts'

export const Session = Type.Object(
  {
    id: Id(),
    created_at: Timestamp({ description: 'When you logged in.' }),
    last_used_at: Timestamp({ description: 'When the session last received new tokens.' }),
    expires_at: Timestamp({ description: 'When the session ends unless it receives new tokens.' }),
    address: Type.String({
      maxLength: 45,
      description: 'The address that the session was last used from.',
      examples: ['203.0.113.7'],
    }),
    user_agent: nullable(
      Type.String({
        maxLength: 255,
        description: 'The client that the session was last used with.',
        examples: ['curl/8.5.0'],
      }),
    ),
    is_current: Type.Boolean({ description: 'Whether this request belongs to the session.', examples: [true] }),
  },
  { $id: 'Session', additionalProperties: false, description: 'A login that is still open.' },
)
export type Session = Static<typeof Session>

export const presentSession = (row: SessionRow, currentId: number): Session => ({
  id: row.id,
  created_at: formatTime(row.createdAt),
  last_used_at: formatTime(row.lastUsedAt),
  expires_at: formatTime(row.expiresAt),
  address: row.address,
  user_agent: row.userAgent,
  is_current: row.id === currentId,
})
