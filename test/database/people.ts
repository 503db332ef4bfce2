import type { Database } from '../../src/database/database.ts'

let count = 0

export const newUser = () => ({ email: `${++count}@example.org`, passwordHash: 'hash', createdAt: 1_700_000_000_123 })

/** A user whose feed has begun. */
export const addUser = (db: Database) =>
  db.transaction(async (tx) => {
    const user = await tx.insert(tx.tables.users, newUser())
    await tx.insertMany(tx.tables.changeFeeds, [{ userId: user.id, seq: 0, epoch: 1, prunedSeq: 0 }])
    return user
  })

export const newTask = (userId: number, title = 'Buy milk') =>
  ({
    userId,
    title,
    description: null,
    status: 'pending',
    createdAt: 1_700_000_000_123,
    updatedAt: 1_700_000_000_123,
    completedAt: null,
  }) as const

export const addTask = async (db: Database, userId?: number, title?: string) =>
  db.insert(db.tables.tasks, newTask(userId ?? (await addUser(db)).id, title))
