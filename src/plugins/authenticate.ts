import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Scope, scopeOf } from '../auth/scopes.ts'
import { secretKeys } from '../auth/secret.ts'
import { type AccessTokens, accessTokens, jwtOptions } from '../auth/tokens.ts'
import type { Config } from '../config.ts'
import { InsufficientScope, InvalidToken, NotAuthenticated } from '../errors.ts'
import { lookUpUserOfSession } from '../sessions/store.ts'
import { lookUpUserOfToken, tokenPrefix } from '../tokens/store.ts'
import { tokenUses } from '../tokens/uses.ts'
import type { UserRow } from '../users/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Sets request.user to the account that the token belongs to, and request.sessionId. Throws NotAuthenticated,
     * InvalidToken, InsufficientScope.
     */
    authenticate: onRequestAsyncHookHandler
    accessTokens: AccessTokens
  }
  interface FastifyRequest {
    /** The session of the access token; 0 with a personal access token, which has none. */
    sessionId: number
  }
  interface FastifyContextConfig {
    /** What a personal access token needs here; without it, the route takes none. */
    scope?: Scope
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
    const keys = secretKeys(config, app.log)
    await app.register(jwt, jwtOptions(config, keys))
    const tokens = accessTokens(app.jwt, config, keys)
    app.decorate('accessTokens', tokens)
    app.decorateRequest('sessionId', 0)
    const uses = tokenUses(app.db, app.log)
    app.addHook('onClose', () => uses.close())

    app.decorate('authenticate', async (request) => {
      const token = bearerToken(request)
      request.user = token.startsWith(tokenPrefix) ? await holderOf(token, request) : await sessionUser(token, request)
    })

    app.addHook('onRoute', (route) => {
      if (route.schema?.security?.length === 0) return
      const scope = scopeOf(route)
      if (scope) route.config = { ...route.config, scope }
      route.onRequest = [app.authenticate, ...[route.onRequest ?? []].flat()]
    })

    async function sessionUser(token: string, request: FastifyRequest): Promise<UserRow> {
      const { userId, sessionId } = tokens.read(token)
      const user = await lookUpUserOfSession(app.db, userId, sessionId)
      if (!user?.isActive) throw new InvalidToken()
      request.sessionId = sessionId
      return user
    }

    async function holderOf(token: string, request: FastifyRequest): Promise<UserRow> {
      const holder = await lookUpUserOfToken(app.db, token)
      if (!holder?.user.isActive) throw new InvalidToken()
      const { scope } = request.routeOptions.config
      if (!scope || !holder.scopes.includes(scope)) throw insufficient(scope)
      uses.note(holder)
      return holder.user
    }
  },
  { name: 'authenticate', dependencies: ['database'] },
)

/** RFC 6750, section 2.1; the scheme is case-insensitive. */
function bearerToken({ headers }: FastifyRequest): string {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) throw new NotAuthenticated()
  return token
}

/** RFC 6750, section 3.1: the header names the scope that is needed, if one would do. */
const insufficient = (scope: Scope | undefined) =>
  scope
    ? new InsufficientScope({
        detail: `The personal access token needs the scope ${scope}.`,
        headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
      })
    : new InsufficientScope({ detail: 'Personal access tokens cannot do this: log in.' })
