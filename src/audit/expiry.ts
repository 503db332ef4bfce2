import { and, gt, isNotNull, lt, sql } from 'drizzle-orm'
import { type Chore, dayMs, deleteInBatches } from '../work/chores.ts'

export const deleteOldEvents: Chore = (db, now, { auditDays }) => {
  const { auditEvents } = db.tables
  return deleteInBatches(db, auditEvents, lt(auditEvents.createdAt, now - auditDays * dayMs))
}

/** Events recorded while their account was being deleted: no other row keeps the id of a deleted account. */
export const deleteOrphanedEvents: Chore = (db, now) => {
  const { auditEvents, users } = db.tables
  const isOrphan = sql`${auditEvents.userId} not in (select id from ${users})`
  const condition = and(gt(auditEvents.createdAt, now - dayMs), isNotNull(auditEvents.userId), isOrphan)!
  return deleteInBatches(db, auditEvents, condition)
}
