import type { Client } from '../http/client.ts'
import type { UserRow } from '../users/table.ts'
import type { Guesses } from './guesses.ts'
import { verifyPassword } from './passwords.ts'
import { WrongPassword } from './problems.ts'
import { emailOf } from './schemas.ts'

/**
 * Asks for the password again, so that a stolen token alone is not enough. Throws WrongPassword, RateLimited,
 * Overloaded.
 */
export async function confirmPassword(
  guesses: Guesses,
  user: UserRow,
  password: string,
  client: Client,
): Promise<void> {
  const email = emailOf(user.email)
  const isRight = await guesses.attempt(email, client.address, () => verifyPassword(user.passwordHash, password))
  if (!isRight) throw new WrongPassword()
}
