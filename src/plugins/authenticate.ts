import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { secretKey } from '../auth/secret.ts'
import { type AccessTokens, accessTokens, jwtOptions } from '../auth/tokens.ts'
import type { Config } from '../config.ts'
import { InvalidToken, NotAuthenticated } from '../errors.ts'
import { lookUpUser, type UserRow } from '../users/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sets request.user to the account that the token belongs to. Throws NotAuthenticated, InvalidToken. */
    authenticate: onRequestAsyncHookHandler
    accessTokens: AccessTokens
  }
}
declare module '@fastify/jwt' {
  interface FastifyJWT {
    user: UserRow
  }
}

/**
 * Who is asking. Every route registered after this plugin runs `authenticate` first, before anything is validated,
 * unless its schema says `security: []`: the document and the check are one fact, and a new route cannot forget it.
 */
export const authenticate = fp(
  async function authenticate(app: FastifyInstance, { config }: { config: Config }) {
    await app.register(jwt, jwtOptions(config, secretKey(config, app.log)))
    const tokens = accessTokens(app.jwt, config)
    app.decorate('accessTokens', tokens)

    app.decorate('authenticate', async (request) => {
      const user = await lookUpUser(app.db, tokens.read(bearerToken(request)))
      if (!user?.isActive) throw new InvalidToken()
      request.user = user
    })

    app.addHook('onRoute', (route) => {
      if (route.schema?.security?.length === 0) return
      route.onRequest = [app.authenticate, ...[route.onRequest ?? []].flat()]
    })
  },
  { name: 'authenticate', dependencies: ['database'] },
)

/** RFC 6750, section 2.1; the scheme is case-insensitive. */
function bearerToken({ headers }: FastifyRequest): string {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) throw new NotAuthenticated()
  return token
}
