import { lt } from 'drizzle-orm'
import { type Chore, deleteInBatches } from '../work/chores.ts'

export const deleteExpiredSessions: Chore = (db, now) =>
  deleteInBatches(db, db.tables.sessions, lt(db.tables.sessions.expiresAt, now))
