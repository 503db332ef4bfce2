import { hash, randomUUID } from 'node:crypto'
import type { FastifyJWTOptions, JWT } from '@fastify/jwt'
import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config.ts'
import { InvalidToken } from '../http/problems.ts'

/** How far the clocks of two instances may be apart. */
const skewSeconds = 5

const id = Type.String({ pattern: '^[1-9][0-9]{0,14}$' })

/** The claims of an access token (RFC 9068). */
const AccessClaims = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: id,
  sid: id,
  jti: Type.String({ minLength: 1 }),
  iat: Type.Integer(),
  exp: Type.Integer(),
})
type AccessClaims = Static<typeof AccessClaims>

/** The key that signs comes first; the others still verify. Each goes by the `kid` of the tokens it signed. */
export type Keys = readonly [string, ...string[]]

const kidOf = (key: string) => hash('sha256', key).slice(0, 8)

/** Only our algorithm, type, issuer and audience; fast-jwt by itself takes tokens that lack them. Times are checked below. */
export const jwtOptions = (config: Config, [secret]: Keys): FastifyJWTOptions => ({
  secret,
  sign: { algorithm: config.algorithm, header: { alg: config.algorithm, typ: 'at+jwt', kid: kidOf(secret) } },
  decode: { complete: true },
  verify: {
    algorithms: [config.algorithm],
    checkTyp: 'at+jwt',
    allowedIss: config.tokenIssuer,
    allowedAud: config.tokenAudience,
    requiredClaims: Object.keys(AccessClaims.properties),
    ignoreExpiration: true,
    cache: false,
  },
})

export interface AccessTokens {
  issue(userId: number, sessionId: number): { token: string; expiresInSeconds: number }
  /** For whom the token was issued. Throws InvalidToken. */
  read(token: string): { userId: number; sessionId: number }
}

export function accessTokens(jwt: JWT, config: Config, keys: Keys): AccessTokens {
  const keyById = new Map(keys.map((key) => [kidOf(key), key]))
  const isAccessClaims = TypeCompiler.Compile(AccessClaims)
  const lifetimeSeconds = config.accessTokenExpireMinutes * 60
  // Verifying costs more than the rest of a read, so it is done once for each token. Keyed by the whole token, and only
  // by tokens that we signed: nobody else can fill it.
  const verified = new LRUCache<string, AccessClaims>({ max: 10_000 })

  return {
    issue(userId, sessionId) {
      const iat = nowSeconds()
      const claims: AccessClaims = {
        iss: config.tokenIssuer,
        aud: config.tokenAudience,
        sub: String(userId),
        sid: String(sessionId),
        jti: randomUUID(),
        iat,
        exp: iat + lifetimeSeconds,
      }
      return { token: jwt.sign(claims), expiresInSeconds: lifetimeSeconds }
    },

    read(token) {
      const claims = verified.get(token) ?? verify(token)
      const now = nowSeconds()
      if (claims.exp <= now - skewSeconds || claims.iat > now + skewSeconds) throw new InvalidToken()
      return { userId: Number(claims.sub), sessionId: Number(claims.sid) }
    },
  }

  function verify(token: string): AccessClaims {
    const claims = decode(token)
    // Unused bits give a signature several spellings; one is enough.
    const signature = token.slice(token.lastIndexOf('.') + 1)
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw new InvalidToken()
    if (!isAccessClaims.Check(claims) || claims.exp - claims.iat > lifetimeSeconds) throw new InvalidToken()
    verified.set(token, claims)
    return claims
  }

  function decode(token: string): unknown {
    try {
      const { header } = jwt.decode(token) as { header: { kid?: unknown } }
      const key = keyById.get(header.kid as string)
      if (key !== undefined) return jwt.verify(token, { key })
    } catch {
      // The answer does not say what is wrong with it.
    }
    throw new InvalidToken()
  }
}

const nowSeconds = () => Math.floor(Date.now() / 1000)
