import { asc, gt, sql } from 'drizzle-orm'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { InvalidToken } from '../errors.ts'
import type { UserChanges } from './schemas.ts'

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

/** Absent fields keep their value, null clears. Throws InvalidToken when the account was deleted meanwhile. */
export async function changeUser(db: Database, id: number, changes: UserChanges): Promise<UserRow> {
  const { display_name: displayName, timezone } = changes
  const user = await db.update(db.tables.users, { id }, { displayName, timezone })
  if (user === undefined) throw new InvalidToken()
  return user
}

export const lookUpUser = (db: Database, id: number): Promise<UserRow | undefined> => db.find(db.tables.users, { id })

export const lookUpUserByEmail = (db: Database, email: string): Promise<UserRow | undefined> =>
  db.find(db.tables.users, { email })

/** The next 500 users after this id, oldest first. */
export const usersAfter = (db: Database, id: number): Promise<UserRow[]> => db.all(nextUsers, { id })

const nextUsers: Query<UserRow> = ({ select, parameter, tables: { users } }) =>
  select()
    .from(users)
    .where(gt(users.id, parameter(users.id, 'id')))
    .orderBy(asc(users.id))
    .limit(sql`500`)
