import { lt } from 'drizzle-orm'
import { type Chore, deleteInBatches } from '../work/chores.ts'

export const deleteExpiredMailLinks: Chore = (db, now) =>
  deleteInBatches(db, db.tables.mailLinks, lt(db.tables.mailLinks.expiresAt, now))
