import { type Client, record } from '../audit/store.ts'
import type { Guesses } from '../auth/guesses.ts'
import { hashToken, opaqueToken } from '../auth/opaque.ts'
import { hashPassword } from '../auth/passwords.ts'
import { confirmPassword, emailOf, refuseWeak } from '../auth/store.ts'
import type { Config } from '../config.ts'
import { type Database, type Row, UniqueViolation } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { EmailTaken, InvalidInput, InvalidLink, InvalidToken, RateLimited, WrongPassword } from '../errors.ts'
import { endOtherSessions } from '../sessions/store.ts'
import { lookUpUser, lookUpUserByEmail, type UserRow } from '../users/store.ts'
import type { EmailChange, PasswordChange, PasswordReset } from './schemas.ts'

export const linkMinutes = 30
/** The least time from one mail to the next of its purpose. */
const pauseMs = 60_000

type LinkRow = Row<Tables['mailLinks']>
type Purpose = LinkRow['purpose']

/** What is mailed: the token itself is kept nowhere. */
export interface OpenLink {
  readonly user: UserRow
  readonly token: string
  /** Where to. */
  readonly email: string
}

// Each transaction takes the user's row first: of several at once with one account, one goes on, and none deadlock.

/**
 * Ends all other sessions. Throws InvalidInput for a weak password, WrongPassword, RateLimited, Overloaded, InvalidToken when the
 * account was deleted meanwhile.
 */
export async function changePassword(
  db: Database,
  guesses: Guesses,
  user: UserRow,
  sessionId: number,
  change: PasswordChange,
  config: Config,
  client: Client,
): Promise<void> {
  const { current_password, new_password } = change
  refuseWeak(new_password, user.email, config, '/new_password')
  await confirmPassword(guesses, user, current_password, client)
  const passwordHash = await hashPassword(new_password)
  const isChanged = await db.transaction(async (tx) => {
    const { users, mailLinks } = tx.tables
    const changed = await tx.update(users, { id: user.id, passwordHash: user.passwordHash }, { passwordHash })
    if (changed === undefined) return false
    await endOtherSessions(tx, user.id, sessionId)
    await tx.delete(mailLinks, { userId: user.id })
    await record(tx, client, 'password_changed', user.id)
    return true
  })
  if (isChanged) return
  // Another change came first, or a login hashed the same password anew: what holds now decides.
  const current = await lookUpUser(db, user.id)
  if (current === undefined) throw new InvalidToken()
  await changePassword(db, guesses, current, sessionId, change, config, client)
}

/** Undefined when nothing is to be mailed: no active account has the email, or it was just mailed. */
export async function openPasswordReset(db: Database, email: string, client: Client): Promise<OpenLink | undefined> {
  const user = await lookUpUserByEmail(db, emailOf(email))
  return db.transaction(async (tx) => {
    const locked = user && (await lock(tx, user))
    // Without an account, too, so that there is about as much to do.
    await record(tx, client, 'password_reset_requested', user?.id ?? null)
    return locked && openLink(tx, locked, 'password_reset', null)
  })
}

/**
 * Ends all that the former password may have opened: sessions, personal access tokens, other links. Throws InvalidLink,
 * InvalidInput for a weak password (the link can be used again), Overloaded.
 */
export async function resetPassword(
  db: Database,
  { token, password }: PasswordReset,
  config: Config,
  client: Client,
): Promise<UserRow> {
  const { user, link } = await findLink(db, token, 'password_reset')
  refuseWeak(password, user.email, config, '/password')
  const passwordHash = await hashPassword(password)
  return db.transaction(async (tx) => {
    const { users, sessions, personalAccessTokens, mailLinks } = tx.tables
    const changed = await tx.update(users, { id: user.id, isActive: true }, { passwordHash })
    if (changed === undefined || (await tx.delete(mailLinks, { id: link.id })) === 0) throw new InvalidLink()
    for (const table of [sessions, personalAccessTokens, mailLinks]) await tx.delete(table, { userId: user.id })
    await record(tx, client, 'password_reset', user.id)
    return changed
  })
}

/**
 * Whether somebody else has the new email makes no difference here: who reads its mail is told so on confirming. Throws
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
  if (newEmail === user.email) throw sameEmail()
  await confirmPassword(guesses, user, password, client)
  return db.transaction(async (tx) => {
    const locked = await lock(tx, user)
    if (locked?.passwordHash !== user.passwordHash) throw new WrongPassword() // by now
    const link = await openLink(tx, locked, 'email_change', newEmail)
    if (link === undefined) throw new RateLimited({ headers: { 'retry-after': String(pauseMs / 1000) } })
    await record(tx, client, 'email_change_requested', user.id)
    return link
  })
}

/** Returns the account as it was. Throws InvalidLink, EmailTaken. */
export async function changeEmail(db: Database, token: string, client: Client): Promise<UserRow> {
  const { user, link } = await findLink(db, token, 'email_change')
  try {
    await db.transaction(async (tx) => {
      const { users, mailLinks } = tx.tables
      const changed = await tx.update(users, { id: user.id, isActive: true }, { email: link.email as string })
      if (changed === undefined || (await tx.delete(mailLinks, { id: link.id })) === 0) throw new InvalidLink()
      await tx.delete(mailLinks, { userId: user.id })
      await record(tx, client, 'email_changed', user.id)
    })
  } catch (error) {
    throw error instanceof UniqueViolation ? new EmailTaken() : error
  }
  return user
}

/** The user's row for this transaction alone, if it is active and has this email still. */
const lock = (tx: Database, { id, email }: UserRow): Promise<UserRow | undefined> =>
  tx.update(tx.tables.users, { id, email, isActive: true }, { email })

/** Replaces the user's link of this purpose; undefined when that was mailed within the last minute. */
async function openLink(
  tx: Database,
  user: UserRow,
  purpose: Purpose,
  email: string | null,
): Promise<OpenLink | undefined> {
  const { mailLinks } = tx.tables
  const now = Date.now()
  const former = await tx.find(mailLinks, { userId: user.id, purpose })
  if (former && Math.abs(now - former.createdAt) < pauseMs) return undefined
  const token = opaqueToken('tml_')
  await tx.delete(mailLinks, { userId: user.id, purpose })
  await tx.insert(mailLinks, {
    userId: user.id,
    purpose,
    tokenHash: hashToken(token),
    email,
    createdAt: now,
    expiresAt: now + linkMinutes * 60_000,
  })
  return { user, token, email: email ?? user.email }
}

/** Throws InvalidLink. */
async function findLink(db: Database, token: string, purpose: Purpose): Promise<{ user: UserRow; link: LinkRow }> {
  const link = await db.find(db.tables.mailLinks, { tokenHash: hashToken(token), purpose })
  const user = link && (await lookUpUser(db, link.userId))
  if (!link || !user?.isActive || link.expiresAt <= Date.now()) throw new InvalidLink()
  return { user, link }
}

function sameEmail() {
  const detail = 'is the email that the account has'
  return new InvalidInput({ detail: `email ${detail}`, errors: [{ detail, pointer: '/email' }] })
}
