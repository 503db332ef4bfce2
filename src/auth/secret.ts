import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import { type Config, ConfigError, isShortKey } from '../config.ts'
import { parseDatabaseUrl } from '../database/url.ts'
import type { Keys } from './tokens.ts'

/** SECRET_KEY, which signs, or on SQLite a random one that is kept beside the database; and SECRET_KEY_PREVIOUS. */
export const secretKeys = (config: Config, log: FastifyBaseLogger): Keys => [
  signingKey(config, log),
  ...(config.secretKeyPrevious === undefined ? [] : [config.secretKeyPrevious]),
]

function signingKey({ secretKey, databaseUrl }: Config, log: FastifyBaseLogger): string {
  if (secretKey !== undefined) {
    if (isShortKey(secretKey)) log.warn('SECRET_KEY is shorter than 32 bytes and can be guessed: set a longer one')
    return secretKey
  }
  const { location } = parseDatabaseUrl(databaseUrl)
  return location === ':memory:' ? randomKey() : keyIn(`${location}.secret`, log)
}

function keyIn(file: string, log: FastifyBaseLogger): string {
  const kept = readKey(file)
  if (kept !== undefined) return kept
  // A link of a complete file appears at once or not at all: of two first starts, one makes the key and both use it.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomKey()}\n`, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
    log.info(
      { file },
      'created a secret key: access tokens of an earlier one are void; set SECRET_KEY to use one of your own',
    )
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
