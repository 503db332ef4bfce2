import { type Client, record } from '../audit/store.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { InvalidToken } from '../errors.ts'
import type { UserRow } from '../users/store.ts'
import { hashPassword } from './passwords.ts'
import { refuseWeak } from './store.ts'

// What whoever runs the server can do with an account that is not theirs.

/** Ends the account's sessions and refuses its tokens until it is activated. False if it is inactive already. */
export const deactivateAccount = (db: Database, userId: number, client: Client): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { users, sessions } = tx.tables
    if ((await tx.update(users, { id: userId, isActive: true }, { isActive: false })) === undefined) return false
    await tx.delete(sessions, { userId })
    await record(tx, client, 'account_deactivated', userId)
    return true
  })

/** Lets the account log in again, and its personal access tokens work again. False if it is active already. */
export const activateAccount = (db: Database, userId: number, client: Client): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { users } = tx.tables
    if ((await tx.update(users, { id: userId, isActive: false }, { isActive: true })) === undefined) return false
    await record(tx, client, 'account_activated', userId)
    return true
  })

/**
 * Gives the account another password, and ends all that the former one may have opened: sessions, personal access
 * tokens, mailed links. Throws InvalidInput for a weak password, Overloaded, InvalidToken when it was deleted meanwhile.
 */
export async function replacePassword(
  db: Database,
  user: UserRow,
  password: string,
  config: Config,
  client: Client,
): Promise<void> {
  refuseWeak(password, user.email, config, '/password')
  const passwordHash = await hashPassword(password)
  await db.transaction(async (tx) => {
    const { users, sessions, personalAccessTokens, mailLinks } = tx.tables
    if ((await tx.update(users, { id: user.id }, { passwordHash })) === undefined) throw new InvalidToken()
    for (const table of [sessions, personalAccessTokens, mailLinks]) await tx.delete(table, { userId: user.id })
    await record(tx, client, 'password_reset', user.id)
  })
}
