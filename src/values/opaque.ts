import { hash, randomBytes } from 'node:crypto'

/** A token that means nothing: a prefix to recognize it by, in a log or a leaked file, and random bytes in base64url. */
export const opaqueToken = (prefix: string, bytes = 32) => prefix + randomBytes(bytes).toString('base64url')

/** What is kept of an opaque token. It is random, so that a fast hash is enough (43 characters). */
export const hashToken = (token: string): string => hash('sha256', token, 'base64url')
