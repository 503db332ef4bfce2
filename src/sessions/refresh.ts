import { createHmac, hkdfSync } from 'node:crypto'
import { hashToken, opaqueToken } from '../values/opaque.ts'

const prefix = 'tmr_'
export const refreshTokenPattern = /^tmr_[\w-]{65}$/
const familyLength = 22 // 16 bytes

/**
 * A refresh token is the session's family, which stays, and a secret, which changes at each use. Whoever knows a family
 * had one of the session's tokens: with another secret than the current one, it is an old one.
 */
export interface RefreshToken {
  readonly token: string
  readonly familyHash: string
  readonly secretHash: string
}

/** The tokens that follow a token, by each key: the first is the one to give, the others were given by earlier keys. */
export type Successors = (former: RefreshToken) => readonly [RefreshToken, ...RefreshToken[]]

/**
 * A successor is derived rather than random, so that a client whose answer was lost can be given the same one again although
 * only hashes are kept. Without SECRET_KEY, a token does not reveal those that follow it.
 */
export function refreshSuccessors([secretKey, ...earlier]: readonly [string, ...string[]]): Successors {
  const successorBy = (secretKey: string) => {
    const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'refresh token successor', 32))
    return ({ token }: RefreshToken) =>
      parsed(prefix + familyOf(token) + createHmac('sha256', key).update(token).digest('base64url'))
  }
  const present = successorBy(secretKey)
  const former = earlier.map(successorBy)
  return (token) => [present(token), ...former.map((successor) => successor(token))]
}

/** The first token of a new family. */
export const newRefreshToken = (): RefreshToken => parsed(opaqueToken(prefix, 16) + opaqueToken(''))

/** Undefined when it is none of ours. */
export const readRefreshToken = (token: string): RefreshToken | undefined =>
  refreshTokenPattern.test(token) ? parsed(token) : undefined

const familyOf = (token: string) => token.slice(prefix.length, prefix.length + familyLength)

const parsed = (token: string): RefreshToken => ({
  token,
  familyHash: hashToken(familyOf(token)),
  secretHash: hashToken(token.slice(prefix.length + familyLength)),
})
