import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientOf } from '../audit/store.ts'
import type { Config } from '../config.ts'
import {
  DatabaseDown,
  EmailTaken,
  InvalidLogin,
  InvalidRefreshToken,
  Overloaded,
  RegistrationClosed,
} from '../errors.ts'
import { bodies, failures, nothing, ref, result } from '../schemas.ts'
import { endAllSessions, logOut, type OpenSession, refreshSession } from '../sessions/store.ts'
import { presentUser, User } from '../users/schemas.ts'
import { parseForm } from './form.ts'
import { Login, PasswordGrant, Refresh, RefreshGrant, Registration, Token } from './schemas.ts'
import { logIn, registerUser } from './store.ts'

export const authRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function authRoutes(app, { config }) {
  const { db, accessTokens, guesses } = app
  const registration = Registration(config.passwordMinLength)
  for (const schema of [registration, Login, PasswordGrant, Refresh, RefreshGrant, Token]) app.addSchema(schema)
  app.addContentTypeParser<Buffer>(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => parseForm(body),
  )

  const open = { tags: ['auth'], security: [] }

  app.post(
    '/register',
    {
      config: { limit: 'login' },
      schema: {
        ...open,
        operationId: 'register',
        summary: 'Create an account',
        description: 'With it, log in for an access token.',
        body: ref(registration),
        response: {
          201: result(ref(User), 'The new account.', 'location'),
          ...failures(RegistrationClosed, EmailTaken, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const user = await registerUser(db, request.body, config, clientOf(request))
      return reply.code(201).header('location', '/users/me').send(presentUser(user))
    },
  )

  app.post(
    '/login',
    {
      config: { limit: 'login' },
      schema: {
        ...open,
        operationId: 'login',
        summary: 'Log in',
        description:
          'Answers an access token for email and password, sent as JSON or as the OAuth2 password form. After five wrong passwords the next must wait a second, then two, up to 15 minutes.',
        body: bodies({ 'application/json': ref(Login), 'application/x-www-form-urlencoded': ref(PasswordGrant) }),
        response: {
          200: result(ref(Token), 'The access token.', 'cache-control'),
          ...failures(InvalidLogin, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => tokens(await logIn(db, guesses, credentials(request.body), clientOf(request)), reply),
  )

  app.post(
    '/refresh',
    {
      config: { limit: 'refresh' },
      schema: {
        ...open,
        operationId: 'refresh',
        summary: 'Exchange a refresh token',
        description:
          'Answers a new access token and a new refresh token; the one sent is spent. One that was spent before ends the session: somebody else may have it.',
        body: bodies({ 'application/json': ref(Refresh), 'application/x-www-form-urlencoded': ref(RefreshGrant) }),
        response: {
          200: result(ref(Token), 'The new tokens.', 'cache-control'),
          ...failures(InvalidRefreshToken, DatabaseDown),
        },
      },
    },
    async (request, reply) => tokens(await refreshSession(db, request.body.refresh_token, clientOf(request)), reply),
  )

  app.post(
    '/logout',
    {
      schema: {
        tags: ['auth'],
        operationId: 'logout',
        summary: 'Log out',
        description: 'Ends this session: its access and refresh tokens are refused from now on.',
        response: { 204: nothing('The session has ended.') },
      },
    },
    async (request, reply) => {
      await logOut(db, request.user.id, request.sessionId, clientOf(request))
      return reply.code(204).send()
    },
  )

  app.post(
    '/logout-all',
    {
      schema: {
        tags: ['auth'],
        operationId: 'logoutAll',
        summary: 'Log out everywhere',
        description: 'Ends all your sessions. Personal access tokens stay.',
        response: { 204: nothing('All sessions have ended.') },
      },
    },
    async (request, reply) => {
      await endAllSessions(db, request.user.id, clientOf(request))
      return reply.code(204).send()
    },
  )

  function tokens({ session, refreshToken }: OpenSession, reply: FastifyReply): Token {
    const { token, expiresInSeconds } = accessTokens.issue(session.userId, session.id)
    reply.header('cache-control', 'no-store')
    return {
      access_token: token,
      token_type: 'bearer',
      expires_in: expiresInSeconds,
      refresh_token: refreshToken,
      refresh_expires_in: Math.floor((session.expiresAt - session.lastUsedAt) / 1000),
    }
  }
}

const credentials = (body: Login | PasswordGrant): Login =>
  'username' in body ? { email: body.username, password: body.password } : body
