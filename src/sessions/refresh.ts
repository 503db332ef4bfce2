import { hashToken, opaqueToken } from '../auth/opaque.ts'

const prefix = 'tmr_'
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

/** The next token of the family, or the first of a new one. */
export const newRefreshToken = (former?: RefreshToken): RefreshToken =>
  parsed(prefix + (former ? familyOf(former.token) : opaqueToken('', 16)) + opaqueToken(''))

/** Undefined when it is none of ours. */
export const readRefreshToken = (token: string): RefreshToken | undefined =>
  /^tmr_[\w-]{65}$/.test(token) ? parsed(token) : undefined

const familyOf = (token: string) => token.slice(prefix.length, prefix.length + familyLength)

const parsed = (token: string): RefreshToken => ({
  token,
  familyHash: hashToken(familyOf(token)),
  secretHash: hashToken(token.slice(prefix.length + familyLength)),
})
