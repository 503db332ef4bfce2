import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientOf } from '../audit/store.ts'
import { allows } from '../auth/scopes.ts'
import { deleteAccount } from '../auth/store.ts'
import { DatabaseDown, InsufficientScope, Overloaded, WrongPassword } from '../errors.ts'
import { bodies, failures, nothing, ref, result } from '../schemas.ts'
import { AccountDeletion, presentUser, User, UserChanges } from './schemas.ts'
import { changeUser } from './store.ts'

export const userRoutes: FastifyPluginAsyncTypebox = async function userRoutes(app) {
  const { db, guesses } = app
  for (const schema of [UserChanges, AccountDeletion]) app.addSchema(schema)
  const tags = ['users']

  app.get(
    '/me',
    {
      schema: {
        operationId: 'getMe',
        summary: 'Your account',
        description: 'The account that the token belongs to.',
        tags,
        security: allows('account:read'),
        response: { 200: result(ref(User), 'The account.') },
      },
    },
    async ({ user }) => presentUser(user),
  )

  app.patch(
    '/me',
    {
      schema: {
        operationId: 'patchMe',
        summary: 'Change your account by merge patch',
        description: 'Absent fields keep their value, null clears (RFC 7396).',
        tags,
        body: bodies({ 'application/json': ref(UserChanges), 'application/merge-patch+json': ref(UserChanges) }),
        response: { 200: result(ref(User), 'The account.') },
      },
    },
    async ({ user, body }) => presentUser(await changeUser(db, user.id, body)),
  )

  app.delete(
    '/me',
    {
      config: { limit: 'login' },
      schema: {
        operationId: 'deleteMe',
        summary: 'Delete your account',
        description:
          'For good, with everything in it. What the server keeps for its own safety no longer says whose it was. The email can be registered anew.',
        tags,
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
