import { availableParallelism } from 'node:os'
import { hash, hashSync, type Options, verify } from '@node-rs/argon2'
import { dictionary } from '@zxcvbn-ts/language-common'
import pLimit from 'p-limit'
import { Overloaded } from '../errors.ts'

/** OWASP's parameters for Argon2id, the library's default algorithm. */
const parameters: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

// One core is left for other requests. A queue of 256 is some seconds of hashing: beyond it, waiting helps nobody.
const turns = pLimit(Math.max(1, availableParallelism() - 1))
const maxWaiting = 256

const commonPasswords = new Set(dictionary['passwords-common'])

/** Why this password is refused, or undefined; `minLength` in code points. */
export function weaknessOf(password: string, email: string, minLength: number): string | undefined {
  const guess = normalize(password).toLowerCase()
  if ([...guess].length < minLength) return `must have at least ${minLength} characters once normalized`
  if (commonPasswords.has(guess)) return 'is among the passwords that are guessed first'
  if (guess === email || guess === email.split('@', 1)[0]) return 'must not be the email or its local part'
  return undefined
}

/** Throws Overloaded. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(normalize(password), parameters))

/**
 * Whether the password belongs to the hash; false for no hash, after just as long, so that timing does not tell who has
 * an account. Throws Overloaded.
 */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const matches = await inTurn(() => verify(passwordHash ?? absentHash, normalize(password)))
  return matches && passwordHash !== undefined
}

/** Whether the hash was made with other parameters than today's. */
export const isOutdated = (passwordHash: string): boolean => !passwordHash.startsWith(currentPrefix)

const absentHash = hashSync('', parameters)
const currentPrefix = absentHash.slice(0, absentHash.lastIndexOf('$', absentHash.lastIndexOf('$') - 1))

/** RFC 8265: what looks alike is alike. Nothing is cut: Argon2 takes any length. */
const normalize = (password: string) => password.normalize('NFC')

function inTurn<R>(work: () => Promise<R>): Promise<R> {
  if (turns.pendingCount >= maxWaiting) throw new Overloaded()
  return turns(work)
}
