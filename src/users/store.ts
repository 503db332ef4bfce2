import type { Database, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'

export type UserRow = Row<Tables['users']>

/** Throws UniqueViolation when the email is taken. */
export const createUser = (db: Database, email: string, passwordHash: string): Promise<UserRow> =>
  db.insert(db.tables.users, {
    email,
    passwordHash,
    isActive: true,
    displayName: null,
    timezone: 'UTC',
    createdAt: Date.now(),
  })

export const lookUpUser = (db: Database, id: number): Promise<UserRow | undefined> => db.find(db.tables.users, { id })

export const lookUpUserByEmail = (db: Database, email: string): Promise<UserRow | undefined> =>
  db.find(db.tables.users, { email })
