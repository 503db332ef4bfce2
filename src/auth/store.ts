import type { Config } from '../config.ts'
import { type Database, UniqueViolation } from '../database/database.ts'
import { EmailTaken, InvalidInput, InvalidLogin } from '../errors.ts'
import { createUser, lookUpUserByEmail, type UserRow } from '../users/store.ts'
import { normalizeEmail } from './emails.ts'
import { hashPassword, verifyPassword, weaknessOf } from './passwords.ts'
import type { Login, Registration } from './schemas.ts'

/** Throws EmailTaken, InvalidInput for a weak password, Overloaded. */
export async function registerUser(db: Database, { email, password }: Registration, config: Config): Promise<UserRow> {
  const normalized = emailOf(email)
  const weakness = weaknessOf(password, normalized, config.passwordMinLength)
  if (weakness) {
    throw new InvalidInput({ detail: `password ${weakness}`, errors: [{ detail: weakness, pointer: '/password' }] })
  }
  const passwordHash = await hashPassword(password)
  try {
    return await createUser(db, normalized, passwordHash)
  } catch (error) {
    throw error instanceof UniqueViolation ? new EmailTaken() : error
  }
}

/** Throws InvalidLogin, alike for an unknown email, a wrong password and an inactive account; Overloaded. */
export async function logIn(db: Database, { email, password }: Login): Promise<UserRow> {
  const user = await lookUpUserByEmail(db, emailOf(email))
  const isRight = await verifyPassword(user?.isActive ? user.passwordHash : undefined, password)
  if (!user || !isRight) throw new InvalidLogin()
  return user
}

// The schema has checked that it is one.
const emailOf = (text: string) => normalizeEmail(text) as string
