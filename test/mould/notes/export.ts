import type { ExportMember } from '../export/members.ts'
import { Note, presentNote } from './schemas.ts'
import { listNotes } from './store.ts'
import type { NoteRow } from './table.ts'

export const exportedNotes: ExportMember<NoteRow, typeof Note> = {
  table: 'notes',
  name: 'notes',
  items: Note,
  readPage: listNotes,
  present: presentNote,
}
