import { anonymizeEvents, record } from '../audit/store.ts'
import { openFeed } from '../changes/store.ts'
import type { Config } from '../config.ts'
import { confirmPassword } from '../credentials/confirmation.ts'
import type { Guesses } from '../credentials/guesses.ts'
import { hashPassword, isOutdated, refuseWeak, verifyPassword } from '../credentials/passwords.ts'
import { retryChanged } from '../credentials/retries.ts'
import { emailOf } from '../credentials/schemas.ts'
import type { Database } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { InvalidToken } from '../http/problems.ts'
import { openInbox } from '../projects/inbox.ts'
import { endSessions, type OpenSession, openSession } from '../sessions/store.ts'
import { createUser, deleteUser, lookUpUserByEmail, setActive, setPassword } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { InvalidLogin, RegistrationClosed } from './problems.ts'
import type { Login, Registration } from './schemas.ts'

/** Throws RegistrationClosed, UniqueViolation or EmailTaken for a taken email, InvalidInput for a weak password, Overloaded. */
export async function registerUser(
  db: Database,
  { email, password }: Registration,
  config: Config,
  client: Client,
): Promise<UserRow> {
  if (config.registration === 'closed') throw new RegistrationClosed()
  return createAccount(db, emailOf(email), password, config, client)
}

/** Throws UniqueViolation or EmailTaken for a taken email, InvalidInput for a weak password, Overloaded. */
export async function createAccount(
  db: Database,
  email: string,
  password: string,
  config: Config,
  client: Client,
): Promise<UserRow> {
  refuseWeak(password, email, config.passwordMinLength, '/password')
  return addAccount(db, email, await hashPassword(password), client)
}

/** Throws UniqueViolation or EmailTaken for a taken email. */
export const addAccount = (db: Database, email: string, passwordHash: string, client: Client): Promise<UserRow> =>
  db.transaction(async (tx) => {
    const user = await createUser(tx, email, passwordHash)
    await openInbox(tx, user, await openFeed(tx, user.id))
    await record(tx, client, 'registered', user.id)
    return user
  })

/** Ends the account's sessions and refuses its tokens until it is activated. False if it is inactive already. */
export const deactivateAccount = (db: Database, userId: number, client: Client): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await setActive(tx, userId, false))) return false
    await endSessions(tx, userId)
    await record(tx, client, 'account_deactivated', userId)
    return true
  })

/** Lets the account log in again, and its personal access tokens work again. False if it is active already. */
export const activateAccount = (db: Database, userId: number, client: Client): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await setActive(tx, userId, true))) return false
    await record(tx, client, 'account_activated', userId)
    return true
  })

/**
 * Deletes the account and all that is in it; its audit events stay without saying whose they are. Throws WrongPassword,
 * Overloaded, InvalidToken when the account or its password has changed since.
 */
export async function deleteAccount(
  db: Database,
  guesses: Guesses,
  user: UserRow,
  password: string,
  client: Client,
): Promise<void> {
  await confirmPassword(guesses, user, password, client)
  await db.transaction(async (tx) => {
    // One cascade: 100,000 tasks take 0.2 s on SQLite, 0.1 s on PostgreSQL, 0.6 s on MariaDB. It comes first, since it
    // waits for what others are doing with the account, and may record.
    if (!(await deleteUser(tx, user))) throw new InvalidToken()
    await record(tx, client, 'account_deleted', user.id)
    await anonymizeEvents(tx, user.id)
  })
}

/** Throws InvalidLogin and RateLimited, alike for an unknown email, a wrong password and an inactive account; Overloaded. */
export const logIn = (db: Database, guesses: Guesses, login: Login, client: Client): Promise<OpenSession> =>
  retryChanged(() => tryToLogIn(db, guesses, login, client))

/** Undefined when the password or the account was changed since it was checked. */
async function tryToLogIn(
  db: Database,
  guesses: Guesses,
  { email, password }: Login,
  client: Client,
): Promise<OpenSession | undefined> {
  const user = await lookUpUserByEmail(db, email)
  const isRight = await guesses.attempt(emailOf(email), client.address, () =>
    verifyPassword(user?.isActive ? user.passwordHash : undefined, password),
  )
  if (!user || !isRight) {
    await record(db, client, 'login_failed', user?.id ?? null)
    throw new InvalidLogin()
  }
  const renewedHash = isOutdated(user.passwordHash) ? await hashPassword(password) : undefined
  return db.transaction(async (tx) => {
    const opened = await openSession(tx, user, client)
    if (opened && renewedHash !== undefined) await setPassword(tx, user.id, renewedHash)
    return opened
  })
}
