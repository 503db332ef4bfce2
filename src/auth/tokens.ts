import { randomUUID } from 'node:crypto'
import type { FastifyJWTOptions, JWT } from '@fastify/jwt'
import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { LRUCache } from 'lru-cache'
import type { Config } from '../config.ts'
import { InvalidToken } from '../errors.ts'

/** How far the clocks of two instances may be apart. */
const skewSeconds = 5

/** The claims of an access token (RFC 9068). */
const AccessClaims = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: Type.String({ pattern: '^[1-9][0-9]{0,14}$' }),
  jti: Type.String({ minLength: 1 }),
  iat: Type.Integer(),
  exp: Type.Integer(),
})
type AccessClaims = Static<typeof AccessClaims>

/** Only our algorithm, type, issuer and audience; fast-jwt would else take tokens that lack them. Times are ours, below. */
export const jwtOptions = (config: Config, secret: string): FastifyJWTOptions => ({
  secret,
  sign: { algorithm: config.algorithm, header: { alg: config.algorithm, typ: 'at+jwt' } },
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
  issue(userId: number): { token: string; expiresInSeconds: number }
  /** The id of the user that the token was issued to. Throws InvalidToken. */
  read(token: string): number
}

export function accessTokens(jwt: JWT, config: Config): AccessTokens {
  const isAccessClaims = TypeCompiler.Compile(AccessClaims)
  const lifetimeSeconds = config.accessTokenExpireMinutes * 60
  // Verifying costs more than all else in a read, so it is done once for each token. Keyed by the whole token, and only
  // by tokens that we signed: nobody else can fill it.
  const verified = new LRUCache<string, AccessClaims>({ max: 10_000 })

  return {
    issue(userId) {
      const iat = nowSeconds()
      const claims: AccessClaims = {
        iss: config.tokenIssuer,
        aud: config.tokenAudience,
        sub: String(userId),
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
      return Number(claims.sub)
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
      return jwt.verify(token)
    } catch {
      throw new InvalidToken()
    }
  }
}

const nowSeconds = () => Math.floor(Date.now() / 1000)
