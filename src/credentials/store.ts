import { record } from '../audit/store.ts'
import type { Config } from '../config.ts'
import type { Database, Transaction } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { InvalidToken, invalidField, RateLimited } from '../http/problems.ts'
import { endOtherSessions, endSessions } from '../sessions/store.ts'
import { revokeTokens } from '../tokens/store.ts'
import { lookUpUser, lookUpUserByEmail, setEmail, setPassword } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { confirmPassword } from './confirmation.ts'
import type { Guesses } from './guesses.ts'
import { findLink, forgetLinks, type OpenLink, openLink, pauseMs, spendLink } from './links.ts'
import { hashPassword, refuseWeak } from './passwords.ts'
import { WrongPassword } from './problems.ts'
import { retryChanged } from './retries.ts'
import { type EmailChange, emailOf, type PasswordChange, type PasswordReset } from './schemas.ts'

// Each transaction locks the user's row first: of several on one account, one goes on at a time, and none deadlock.

/**
 * Ends all other sessions. Throws InvalidInput for a weak password, WrongPassword, RateLimited, Overloaded, InvalidToken
 * when the account was deleted or deactivated since.
 */
export async function changePassword(
  db: Database,
  guesses: Guesses,
  user: UserRow,
  sessionId: number,
  { current_password, new_password }: PasswordChange,
  config: Config,
  client: Client,
): Promise<void> {
  refuseWeak(new_password, user.email, config.passwordMinLength, '/new_password')
  // Another change may come first, or a login that renews the hash of the same password.
  await retryChanged(async () => {
    const current = await lookUpUser(db, user.id)
    if (!current?.isActive) throw new InvalidToken()
    await confirmPassword(guesses, current, current_password, client)
    const passwordHash = await hashPassword(new_password)
    return changeConfirmed(db, current, sessionId, passwordHash, client)
  })
}

/** Undefined when the password that was confirmed is no longer the account's. */
const changeConfirmed = (
  db: Database,
  { id, passwordHash: confirmed }: UserRow,
  sessionId: number,
  passwordHash: string,
  client: Client,
): Promise<UserRow | undefined> =>
  db.transaction(async (tx) => {
    const locked = await tx.lock(tx.tables.users, { id, passwordHash: confirmed, isActive: true })
    if (locked === undefined) return undefined
    await setPassword(tx, id, passwordHash)
    await endOtherSessions(tx, id, sessionId)
    await forgetLinks(tx, id)
    await record(tx, client, 'password_changed', id)
    return locked
  })

/** Undefined when nothing is to be mailed: no active account has the email, or it was just mailed. */
export async function openPasswordReset(db: Database, email: string, client: Client): Promise<OpenLink | undefined> {
  const user = await lookUpUserByEmail(db, email)
  return db.transaction(async (tx) => {
    const locked = user && (await lockReader(tx, user))
    // Without an account, too, so that there is about as much to do.
    await record(tx, client, 'password_reset_requested', user?.id ?? null)
    return locked && openLink(tx, locked, 'password_reset', null)
  })
}

/**
 * Ends everything that the former password may have opened. Throws InvalidLink, InvalidInput for a weak password (the
 * link can be used again), Overloaded.
 */
export async function resetPassword(
  db: Database,
  { token, password }: PasswordReset,
  config: Config,
  client: Client,
): Promise<UserRow> {
  const { user, link } = await findLink(db, token, 'password_reset')
  refuseWeak(password, user.email, config.passwordMinLength, '/password')
  const passwordHash = await hashPassword(password)
  return db.transaction(async (tx) => {
    const locked = await spendLink(tx, link)
    await resetTo(tx, locked.id, passwordHash, client)
    return locked
  })
}

/**
 * Does what resetPassword does, at the operator's command, and for an inactive account too. Throws InvalidInput for a weak password,
 * Overloaded, InvalidToken when the account was deleted since.
 */
export async function replacePassword(
  db: Database,
  user: UserRow,
  password: string,
  config: Config,
  client: Client,
): Promise<void> {
  refuseWeak(password, user.email, config.passwordMinLength, '/password')
  const passwordHash = await hashPassword(password)
  await db.transaction(async (tx) => {
    if ((await tx.lock(tx.tables.users, { id: user.id })) === undefined) throw new InvalidToken()
    await resetTo(tx, user.id, passwordHash, client)
  })
}

async function resetTo(tx: Transaction, userId: number, passwordHash: string, client: Client): Promise<void> {
  await setPassword(tx, userId, passwordHash)
  await endEverything(tx, userId)
  await record(tx, client, 'password_reset', userId)
}

/** Ends everything that a password may have opened: sessions, personal access tokens, mailed links. */
async function endEverything(tx: Transaction, userId: number): Promise<void> {
  await endSessions(tx, userId)
  await revokeTokens(tx, userId)
  await forgetLinks(tx, userId)
}

/**
 * Does not say whether somebody else has the new email: only the reader of its mail learns that, on confirming. Throws
 * InvalidInput for the account's own email, WrongPassword, RateLimited, Overloaded.
 */
export async function openEmailChange(
  db: Database,
  guesses: Guesses,
  user: UserRow,
  { email, password }: EmailChange,
  client: Client,
): Promise<OpenLink> {
  const newEmail = emailOf(email)
  if (newEmail === emailOf(user.email)) throw sameEmail()
  await confirmPassword(guesses, user, password, client)
  return db.transaction(async (tx) => {
    const locked = await lockReader(tx, user)
    if (locked?.passwordHash !== user.passwordHash) throw new WrongPassword() // by now
    const link = await openLink(tx, locked, 'email_change', newEmail)
    if (link === undefined) throw new RateLimited({ headers: { 'retry-after': String(pauseMs / 1000) } })
    await record(tx, client, 'email_change_requested', user.id)
    return link
  })
}

/** Returns the account as it was. Throws InvalidLink, UniqueViolation or EmailTaken for a taken email. */
export async function changeEmail(db: Database, token: string, client: Client): Promise<UserRow> {
  const { link } = await findLink(db, token, 'email_change')
  return db.transaction(async (tx) => {
    const former = await spendLink(tx, link)
    await setEmail(tx, former.id, link.email as string)
    await forgetLinks(tx, former.id)
    await record(tx, client, 'email_changed', former.id)
    return former
  })
}

/** The user's row, locked, if it is active and has this email still. */
const lockReader = (tx: Transaction, { id, email }: UserRow): Promise<UserRow | undefined> =>
  tx.lock(tx.tables.users, { id, email, isActive: true })

const sameEmail = () => invalidField('/email', 'is the email that the account has')
