import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { secretKeys } from '../auth/secret.ts'
import { type AccessTokens, accessTokens, jwtOptions } from '../auth/tokens.ts'
import type { Config } from '../config.ts'
import { InsufficientScope, InvalidToken, NotAuthenticated } from '../http/problems.ts'
import { refreshSuccessors, type Successors } from '../sessions/refresh.ts'
import { lookUpUserOfSession } from '../sessions/store.ts'
import { lookUpUserOfToken, tokenPrefix } from '../tokens/store.ts'
import { tokenUses } from '../tokens/uses.ts'
import { usersAfter } from '../users/store.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import type { Scope } from '../values/scopes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Sets request.user to the account that the token belongs to, and request.sessionId. Throws NotAuthenticated,
     * InvalidToken, InsufficientScope.
     */
    authenticate: onRequestAsyncHookHandler
    /** The same for a personal access token that came in another way. Throws InvalidToken, InsufficientScope. */
    authenticateToken(token: string, request: FastifyRequest): Promise<void>
    accessTokens: AccessTokens
    /** The refresh tokens that follow one, by our keys. */
    refreshSuccessors: Successors
  }
  interface FastifyRequest {
    /** The session of the access token; 0 with a personal access token, which has none. */
    sessionId: number
    /** What the personal access token may do; undefined for a session, which may do everything. */
    scopes: readonly string[] | undefined
  }
  interface FastifyContextConfig {
    /** What a personal access token needs here; without it, the route takes none. */
    scope?: Scope
  }
}
declare module '@fastify/jwt' {
  interface FastifyJWT {
    user: AuthenticatedUser
  }
}

/** Who is asking: what `access` runs before each route of the JSON API, and what other doors may run themselves. */
export const authenticate = fp(
  async function authenticate(app: FastifyInstance, { config }: { config: Config }) {
    const keys = secretKeys(config, app.log, (await usersAfter(app.db, 0)).length > 0)
    await app.register(jwt, jwtOptions(config, keys))
    const tokens = accessTokens(app.jwt, config, keys)
    app.decorate('accessTokens', tokens)
    app.decorate('refreshSuccessors', refreshSuccessors(keys))
    app.decorateRequest('sessionId', 0)
    app.decorateRequest('scopes', undefined)
    const noteUse = tokenUses(app.db, app.work)

    app.decorate('authenticateToken', async (token, request) => {
      request.user = await holderOf(token, request)
    })
    app.decorate('authenticate', async (request) => {
      const token = bearerToken(request)
      if (token.startsWith(tokenPrefix)) await app.authenticateToken(token, request)
      else request.user = await sessionUser(token, request)
    })

    async function sessionUser(token: string, request: FastifyRequest): Promise<AuthenticatedUser> {
      const { userId, sessionId } = tokens.read(token)
      const user = await lookUpUserOfSession(app.db, userId, sessionId)
      if (!user?.isActive) throw new InvalidToken()
      request.sessionId = sessionId
      return user
    }

    async function holderOf(token: string, request: FastifyRequest): Promise<AuthenticatedUser> {
      const holder = await lookUpUserOfToken(app.db, token)
      if (!holder?.user.isActive) throw new InvalidToken()
      const { scope } = request.routeOptions.config
      if (!scope || !holder.scopes.includes(scope)) throw insufficient(scope)
      noteUse(holder)
      request.scopes = holder.scopes
      return holder.user
    }
  },
  { name: 'authenticate', dependencies: ['database', 'work'] },
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
