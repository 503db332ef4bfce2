import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'
import { NoteNameTaken } from './problems.ts'

export const defineNotes = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'notes',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      name: k.string(100).notNull(),
      createdAt: k.timestamp().notNull(),
      changeSeq: k.reference().notNull(),
    },
    (t) => [
      k.cascade('notes_user_fk', t.userId, users.id),
      k.unique('notes_user_name_key', [t.userId, t.name], NoteNameTaken),
      k.index('notes_user_id_idx', t.userId, t.id),
      k.index('notes_created_at_idx', t.createdAt),
    ],
  )

export type NoteRow = Row<ReturnType<typeof defineNotes>>
