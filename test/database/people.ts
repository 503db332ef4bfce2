import type { Database } from '../../src/database/database.ts'

let count = 0

export const newUser = () => ({ email: `${++count}@example.org`, passwordHash: 'hash', createdAt: 1_700_000_000_123 })

export const addUser = (db: Database) => db.insert(db.tables.users, newUser())

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
