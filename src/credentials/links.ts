import type { Database, Transaction } from '../database/database.ts'
import { lookUpUser } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { hashToken, opaqueToken } from '../values/opaque.ts'
import { InvalidLink } from './problems.ts'
import type { MailLinkRow } from './table.ts'

export const linkMinutes = 30
/** The least time from one mail to the next of its purpose. */
export const pauseMs = 60_000

type Purpose = MailLinkRow['purpose']

/** A link to mail. The token itself is kept nowhere. */
export interface OpenLink {
  readonly user: UserRow
  readonly token: string
  /** Where to. */
  readonly email: string
}

/**
 * Replaces the user's link of this purpose; undefined when that was mailed within the last minute. For a transaction that
 * has locked the account.
 */
export async function openLink(
  tx: Transaction,
  user: UserRow,
  purpose: Purpose,
  email: string | null,
): Promise<OpenLink | undefined> {
  const { mailLinks } = tx.tables
  const now = Date.now()
  const former = await tx.find(mailLinks, { userId: user.id, purpose })
  if (former && Math.abs(now - former.createdAt) < pauseMs) return undefined
  const token = opaqueToken('tml_')
  await tx.deleteMany(mailLinks, { userId: user.id, purpose })
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
export async function findLink(
  db: Database,
  token: string,
  purpose: Purpose,
): Promise<{ user: UserRow; link: MailLinkRow }> {
  const link = await db.find(db.tables.mailLinks, { tokenHash: hashToken(token), purpose })
  const user = link && (await lookUpUser(db, link.userId))
  if (!link || !user?.isActive || link.expiresAt <= Date.now()) throw new InvalidLink()
  return { user, link }
}

/** Uses the link up, and returns its account, locked. Throws InvalidLink if either has changed since. */
export async function spendLink(tx: Transaction, { id, userId }: MailLinkRow): Promise<UserRow> {
  const locked = await tx.lock(tx.tables.users, { id: userId, isActive: true })
  if (locked === undefined || (await tx.deleteMany(tx.tables.mailLinks, { id })) === 0) throw new InvalidLink()
  return locked
}

/** Makes every link that was mailed to the user void. */
export async function forgetLinks(tx: Transaction, userId: number): Promise<void> {
  await tx.deleteMany(tx.tables.mailLinks, { userId })
}
