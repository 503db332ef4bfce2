import { lt } from 'drizzle-orm'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'

/** An expired token stays in its owner's list for a while: it explains why a script no longer works. */
const visibleMs = 30 * dayMs

export const deleteExpiredTokens: Chore = (db, now) => {
  const { personalAccessTokens } = db.tables
  return deleteInBatches(db, personalAccessTokens, lt(personalAccessTokens.expiresAt, now - visibleMs))
}
