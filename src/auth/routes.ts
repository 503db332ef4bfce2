import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { DatabaseDown, EmailTaken, InvalidLogin, Overloaded } from '../errors.ts'
import { bodies, failures, ref, result } from '../schemas.ts'
import { presentUser, User } from '../users/schemas.ts'
import { parseForm } from './form.ts'
import { Login, PasswordGrant, Registration, Token } from './schemas.ts'
import { logIn, registerUser } from './store.ts'

export const authRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function authRoutes(app, { config }) {
  const { db, accessTokens } = app
  const registration = Registration(config.passwordMinLength)
  for (const schema of [registration, Login, PasswordGrant, Token]) app.addSchema(schema)
  app.addContentTypeParser<Buffer>(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => parseForm(body),
  )

  const open = { tags: ['auth'], security: [] }

  app.post(
    '/register',
    {
      schema: {
        ...open,
        operationId: 'register',
        summary: 'Create an account',
        description: 'With it, log in for an access token.',
        body: ref(registration),
        response: {
          201: result(ref(User), 'The new account.', 'location'),
          ...failures(EmailTaken, Overloaded, DatabaseDown),
        },
      },
    },
    async ({ body }, reply) => {
      const user = await registerUser(db, body, config)
      return reply.code(201).header('location', '/users/me').send(presentUser(user))
    },
  )

  app.post(
    '/login',
    {
      schema: {
        ...open,
        operationId: 'login',
        summary: 'Log in',
        description: 'Answers an access token for email and password, sent as JSON or as the OAuth2 password form.',
        body: bodies({ 'application/json': ref(Login), 'application/x-www-form-urlencoded': ref(PasswordGrant) }),
        response: {
          200: result(ref(Token), 'The access token.', 'cache-control'),
          ...failures(InvalidLogin, Overloaded, DatabaseDown),
        },
      },
    },
    async ({ body }, reply) => {
      const user = await logIn(db, credentials(body))
      const { token, expiresInSeconds } = accessTokens.issue(user.id)
      reply.header('cache-control', 'no-store')
      return { access_token: token, token_type: 'bearer' as const, expires_in: expiresInSeconds }
    },
  )
}

const credentials = (body: Login | PasswordGrant): Login =>
  'username' in body ? { email: body.username, password: body.password } : body
