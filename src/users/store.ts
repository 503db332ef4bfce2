import { asc, gt, sql } from 'drizzle-orm'
import type { Database, Query, Transaction } from '../database/database.ts'
import { InvalidToken } from '../http/problems.ts'
import { spellingsOf } from '../values/emails.ts'
import { EmailTaken } from './problems.ts'
import type { UserChanges } from './schemas.ts'
import type { UserRow } from './table.ts'

/** Throws UniqueViolation or EmailTaken when the email is taken. */
export async function createUser(db: Database, email: string, passwordHash: string): Promise<UserRow> {
  await refuseOtherSpellings(db, email)
  return db.insert(db.tables.users, {
    email,
    passwordHash,
    isActive: true,
    displayName: null,
    timezone: 'UTC',
    createdAt: Date.now(),
  })
}

/** Absent fields keep their value, null clears. Throws InvalidToken when the account has been deleted. */
export async function changeUser(db: Database, id: number, changes: UserChanges): Promise<UserRow> {
  const { display_name: displayName, timezone } = changes
  const user = await db.updateOne(db.tables.users, { id }, { displayName, timezone })
  if (user === undefined) throw new InvalidToken()
  return user
}

// The next four are for a transaction that records the change as an audit event.

export async function setPassword(tx: Transaction, id: number, passwordHash: string): Promise<void> {
  await tx.updateOne(tx.tables.users, { id }, { passwordHash })
}

/** Throws UniqueViolation or EmailTaken when the email is taken. */
export async function setEmail(tx: Transaction, id: number, email: string): Promise<void> {
  await refuseOtherSpellings(tx, email)
  await tx.updateOne(tx.tables.users, { id }, { email })
}

/** False if the account is that already, or is not there. */
export async function setActive(tx: Transaction, id: number, isActive: boolean): Promise<boolean> {
  return (await tx.updateOne(tx.tables.users, { id, isActive: !isActive }, { isActive })) !== undefined
}

/** Deletes the account and, by cascade, all that refers to it. False if it or its password has changed. */
export async function deleteUser(tx: Transaction, { id, passwordHash }: UserRow): Promise<boolean> {
  return (await tx.deleteMany(tx.tables.users, { id, passwordHash })) > 0
}

export const lookUpUser = (db: Database, id: number): Promise<UserRow | undefined> => db.find(db.tables.users, { id })

/** By any spelling of the email; of two older accounts with one mailbox, the one that is spelled like this. */
export async function lookUpUserByEmail(db: Database, text: string): Promise<UserRow | undefined> {
  for (const email of spellingsOf(text)) {
    const user = await db.find(db.tables.users, { email })
    if (user !== undefined) return user
  }
  return undefined
}

/**
 * Of accounts that are older than the rule that Unicode and Punycode are one, the database does not know that they have
 * this email. No such account is created any more, so that none can appear after the check.
 */
async function refuseOtherSpellings(db: Database, email: string): Promise<void> {
  for (const other of spellingsOf(email).slice(1)) {
    if ((await db.find(db.tables.users, { email: other })) !== undefined) throw new EmailTaken()
  }
}

/** The next 500 users after this id, oldest first. */
export const usersAfter = (db: Database, id: number): Promise<UserRow[]> => db.all(nextUsers, { id })

const nextUsers: Query<UserRow, { id: number }> = ({ select, parameter, tables: { users } }) =>
  select()
    .from(users)
    .where(gt(users.id, parameter(users.id, 'id')))
    .orderBy(asc(users.id))
    .limit(sql`500`)
