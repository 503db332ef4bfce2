import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import { type Config, ConfigError, isShortKey } from '../config.ts'
import type { Keys } from './tokens.ts'

/**
 * SECRET_KEY, which signs, or on SQLite a random one that is kept beside the database; and SECRET_KEY_PREVIOUS.
 * `mayHaveTokens` says whether somebody may still have a token that an earlier key signed.
 */
export const secretKeys = (config: Config, log: FastifyBaseLogger, mayHaveTokens: boolean): Keys => [
  signingKey(config, log, mayHaveTokens),
  ...(config.secretKeyPrevious === undefined ? [] : [config.secretKeyPrevious]),
]

function signingKey(
  { secretKey, database: { location } }: Config,
  log: FastifyBaseLogger,
  mayHaveTokens: boolean,
): string {
  if (secretKey !== undefined) {
    if (isShortKey(secretKey)) log.warn('SECRET_KEY is shorter than 32 bytes and can be guessed: set a longer one')
    return secretKey
  }
  return location === ':memory:' ? randomKey() : keyIn(`${location}.secret`, log, mayHaveTokens)
}

function keyIn(file: string, log: FastifyBaseLogger, mayHaveTokens: boolean): string {
  const kept = readKey(file)
  if (kept !== undefined) return kept
  // A link to a complete file appears whole or not at all: of two first starts, one makes the key and both use it.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomKey()}\n`, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
    log.info({ file }, 'created a secret key; set SECRET_KEY to use your own')
    if (mayHaveTokens) log.warn('access tokens that were signed with an earlier secret key are no longer valid')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readKey(file) as string
}

function readKey(file: string): string | undefined {
  try {
    const key = readFileSync(file, 'utf8').trim()
    if (isShortKey(key)) throw new ConfigError(`${file}: must hold a key of at least 32 bytes; delete it for a new one`)
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const randomKey = () => randomBytes(32).toString('base64url')
