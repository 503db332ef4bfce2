import { lt } from 'drizzle-orm'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'

export const deleteOldNotes: Chore = (db, now) =>
  deleteInBatches(db, db.tables.notes, lt(db.tables.notes.createdAt, now - 365 * dayMs))
