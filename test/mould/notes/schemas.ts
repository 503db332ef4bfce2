import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import type { NoteRow } from './table.ts'

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  description: '1 to 100 characters, at least one of which is not white space. No other note of yours has it.',
  examples: ['Groceries'],
})

export const Note = Type.Object(
  { id: Id(), name: Name, created_at: Timestamp() },
  { $id: 'Note', additionalProperties: false, description: 'A note.' },
)
export type Note = Static<typeof Note>

export const NewNote = Type.Object(
  { name: Name },
  { $id: 'NewNote', additionalProperties: false, description: 'A note to create.' },
)
export type NewNote = Static<typeof NewNote>

export const presentNote = (row: NoteRow): Note => ({
  id: row.id,
  name: row.name,
  created_at: formatTime(row.createdAt),
})
