import { hashSync, type Options } from '@node-rs/argon2'
import { dictionary } from '@zxcvbn-ts/language-common'
import { invalidField } from '../http/problems.ts'
import { hash, verify } from './hashing.ts'

/** OWASP's parameters for Argon2id, the library's default algorithm. */
const parameters: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const commonPasswords = new Set(dictionary['passwords-common'])

/** `minLength` in code points; `pointer` leads to the field. Throws InvalidInput that says why it is refused. */
export function refuseWeak(password: string, email: string, minLength: number, pointer: string): void {
  const weakness = weaknessOf(password, email, minLength)
  if (weakness) throw invalidField(pointer, weakness)
}

function weaknessOf(password: string, email: string, minLength: number): string | undefined {
  const guess = normalize(password).toLowerCase()
  if ([...guess].length < minLength) return `must have at least ${minLength} characters once normalized`
  if (commonPasswords.has(guess)) return 'is among the passwords that are guessed first'
  if (guess === email || guess === email.split('@', 1)[0]) return 'must not be the email or its local part'
  return undefined
}

/** Throws Overloaded. */
export const hashPassword = (password: string): Promise<string> => hash(normalize(password), parameters)

/**
 * Whether the password belongs to the hash; false for no hash, after just as long, so that timing does not reveal who has
 * an account. Throws Overloaded.
 */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(passwordHash ?? absentHash, normalize(password))
  return matches && passwordHash !== undefined
}

/** Whether the hash was made with other parameters than today's. */
export const isOutdated = (passwordHash: string): boolean => !passwordHash.startsWith(currentPrefix)

const absentHash = hashSync('', parameters)
const currentPrefix = absentHash.slice(0, absentHash.lastIndexOf('$', absentHash.lastIndexOf('$') - 1))

/** RFC 8265: what looks alike is alike. Nothing is cut: Argon2 takes any length. */
const normalize = (password: string) => password.normalize('NFC')
