import { LRUCache } from 'lru-cache'
import type { Database, Transaction } from '../database/database.ts'
import type { AuthenticatedUser, UserRow } from '../users/table.ts'
import { firstKey } from '../values/positions.ts'
import type { ProjectRow } from './table.ts'

/** Makes the Inbox of a new account, in the transaction that makes the account. */
export async function openInbox(tx: Transaction, { id: userId, createdAt }: UserRow, seq: number): Promise<void> {
  await tx.insertMany(tx.tables.projects, [
    {
      userId,
      name: 'Inbox',
      color: null,
      position: firstKey,
      isInbox: true,
      createdAt,
      updatedAt: createdAt,
      changeSeq: seq,
    },
  ])
}

export async function findInbox(db: Database, userId: number): Promise<ProjectRow> {
  const inbox = await db.find(db.tables.projects, { userId, isInbox: true })
  return inbox!
}

/** The ids of inboxes, which never change: kept, so that a plain new task costs no look-up. */
export function inboxes(db: Database): (user: AuthenticatedUser) => number | Promise<number> {
  const ids = new LRUCache<string, number>({ max: 10_000 })
  return ({ id: userId, feedEpoch }) => {
    const key = `${userId} ${feedEpoch}` // another epoch is another history: the database was restored
    return (
      ids.get(key) ??
      findInbox(db, userId).then(({ id }) => {
        ids.set(key, id)
        return id
      })
    )
  }
}
