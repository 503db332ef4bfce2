import type { Database } from '../database/database.ts'
import { type Page, type PageQuery, readPage } from '../http/paging.ts'
import type { Precondition } from '../http/versions.ts'
import { NoteNotFound } from './problems.ts'
import type { NewNote } from './schemas.ts'
import type { NoteRow } from './table.ts'

/** The user's notes, newest first. */
export const listNotes = (db: Database, userId: number, query: PageQuery): Promise<Page<NoteRow>> =>
  readPage(query, (after, limit) =>
    db.list(db.tables.notes, { equal: { userId }, descending: true, after, limit, index: 'notes_user_id_idx' }),
  )

/** Throws NoteNotFound. */
export async function findNote(db: Database, userId: number, id: number): Promise<NoteRow> {
  return found(await db.find(db.tables.notes, { id, userId }))
}

/** Throws UniqueViolation for a name that is taken. */
export const createNote = (db: Database, userId: number, { name }: NewNote): Promise<NoteRow> =>
  db.insertNumbered(db.tables.notes, { userId, name, createdAt: Date.now() })

/** Throws NoteNotFound, PreconditionFailed, UniqueViolation for a name that is taken. */
export const renameNote = (
  db: Database,
  userId: number,
  id: number,
  { name }: NewNote,
  requireVersion: Precondition,
): Promise<NoteRow> =>
  db.writing(userId, async (tx, changeSeq) => {
    const note = await findNote(tx, userId, id)
    if (note.name === name) return note
    requireVersion(note)
    return found(await tx.updateOne(tx.tables.notes, { id, userId }, { name, changeSeq }))
  })

/** Throws NoteNotFound, PreconditionFailed. */
export const deleteNote = (db: Database, userId: number, id: number, requireVersion: Precondition): Promise<void> =>
  db.writing(userId, async (tx) => {
    requireVersion(await findNote(tx, userId, id))
    await tx.deleteMany(tx.tables.notes, { id, userId })
  })

function found(note: NoteRow | undefined): NoteRow {
  if (note === undefined) throw new NoteNotFound()
  return note
}
