import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { TSchema } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { WrongPassword } from '../credentials/problems.ts'
import { clientOf } from '../http/client.ts'
import { DatabaseDown, InsufficientScope, Overloaded } from '../http/problems.ts'
import { bodies, failures, nothing, result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { InvalidRefreshToken } from '../sessions/problems.ts'
import { endAllSessions, logOut, type OpenSession, refreshSession } from '../sessions/store.ts'
import { EmailTaken } from '../users/problems.ts'
import { presentUser, User } from '../users/schemas.ts'
import { parseForm } from './form.ts'
import { answerAsOAuth, documentOAuthErrors, OAuthError } from './oauth.ts'
import { InvalidLogin, RegistrationClosed } from './problems.ts'
import { AccountDeletion, Grant, Login, PasswordGrant, Refresh, RefreshGrant, Registration, Token } from './schemas.ts'
import { deleteAccount, logIn, registerUser } from './store.ts'

export const authTag = { name: 'auth', description: 'Accounts and tokens.' }

export const authRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function authRoutes(app, { config }) {
  const { db, accessTokens, refreshSuccessors, guesses } = app
  const registration = Registration(config.passwordMinLength)
  for (const schema of [registration, Login, PasswordGrant, Refresh, RefreshGrant, Token, OAuthError]) {
    app.addSchema(schema)
  }
  app.addHook('onRoute', documentOAuthErrors)
  app.addContentTypeParser<Buffer>(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => parseForm(body, formFields),
  )

  const open = { tags: [authTag.name], security: [] }

  app.post(
    '/register',
    {
      config: { limit: 'login' },
      schema: {
        ...open,
        operationId: 'register',
        summary: 'Create an account',
        description: 'Log in afterwards to get an access token.',
        body: ref(registration),
        response: {
          201: result(ref(User), 'The new account.', 'location'),
          ...failures(RegistrationClosed, EmailTaken, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const user = await registerUser(db, request.body, config, clientOf(request))
      return reply.code(201).header('location', request.linkTo('/users/me')).send(presentUser(user))
    },
  )

  app.post(
    '/login',
    {
      config: { limit: 'login', countsFailuresOnly: true },
      preSerialization: answerAsOAuth,
      schema: {
        ...open,
        operationId: 'login',
        summary: 'Log in',
        description:
          'Exchanges an email and a password for tokens, sent as JSON or as the OAuth2 password form. The OAuth2 refresh form works here too, so that this is the token endpoint for both grants. Errors of forms are OAuth2 errors (RFC 6749, section 5.2). After five wrong passwords the next attempt must wait one second, then two, up to 15 minutes.',
        body: bodies<TSchema>({ 'application/json': ref(Login), 'application/x-www-form-urlencoded': Grant }),
        response: {
          200: result(ref(Token), 'The tokens.', 'cache-control'),
          ...failures(InvalidLogin, InvalidRefreshToken, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      const body = request.body as Login | PasswordGrant | RefreshGrant
      const client = clientOf(request)
      const opened = isRefresh(body)
        ? await refreshSession(db, refreshSuccessors, body.refresh_token, client)
        : await logIn(db, guesses, credentials(body), client)
      return tokens(opened, reply)
    },
  )

  app.post(
    '/refresh',
    {
      config: { limit: 'refresh' },
      preSerialization: answerAsOAuth,
      schema: {
        ...open,
        operationId: 'refresh',
        summary: 'Exchange a refresh token',
        description:
          'Exchanges a refresh token for a new access token and a new refresh token. If the answer is lost, ask again within ten seconds: as long as the new refresh token was not used, it is answered again. An older refresh token ends the session, because somebody else may have it. Errors of forms are OAuth2 errors (RFC 6749, section 5.2).',
        body: bodies({ 'application/json': ref(Refresh), 'application/x-www-form-urlencoded': ref(RefreshGrant) }),
        response: {
          200: result(ref(Token), 'The new tokens.', 'cache-control'),
          ...failures(InvalidRefreshToken, DatabaseDown),
        },
      },
    },
    async (request, reply) =>
      tokens(await refreshSession(db, refreshSuccessors, request.body.refresh_token, clientOf(request)), reply),
  )

  app.post(
    '/logout',
    {
      schema: {
        tags: [authTag.name],
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
        tags: [authTag.name],
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

/** Deleting the account. Apart from authRoutes, whose form bodies it does not take. */
export const accountRoutes: FastifyPluginAsyncTypebox = async function accountRoutes(app) {
  const { db, guesses } = app
  app.addSchema(AccountDeletion)

  app.delete(
    '/me',
    {
      config: { limit: 'login' },
      schema: {
        operationId: 'deleteMe',
        summary: 'Delete your account',
        description:
          'Deletes the account and everything in it for good. Audit events that the server keeps are made anonymous. The email can be registered again.',
        tags: ['users'],
        body: ref(AccountDeletion),
        response: {
          204: nothing('The account is deleted.'),
          ...failures(WrongPassword, InsufficientScope, Overloaded, DatabaseDown),
        },
      },
    },
    async (request, reply) => {
      await deleteAccount(db, guesses, request.user, request.body.password, clientOf(request))
      return reply.code(204).send()
    },
  )
}

const formFields = new Set([...Object.keys(PasswordGrant.properties), ...Object.keys(RefreshGrant.properties)])

const isRefresh = (body: Login | PasswordGrant | RefreshGrant): body is RefreshGrant =>
  'grant_type' in body && body.grant_type === 'refresh_token'

const credentials = (body: Login | PasswordGrant): Login =>
  'username' in body ? { email: body.username, password: body.password } : body
