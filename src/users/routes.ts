import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodies, result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { presentUser, User, UserChanges } from './schemas.ts'
import { changeUser } from './store.ts'

export const usersTag = { name: 'users', description: 'Your account.' }

export const userRoutes: FastifyPluginAsyncTypebox = async function userRoutes(app) {
  const { db } = app
  app.addSchema(UserChanges)
  const tags = [usersTag.name]

  app.get(
    '/me',
    {
      schema: {
        operationId: 'getMe',
        summary: 'Get your account',
        description: 'Answers the account that the token belongs to.',
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
        description: 'Absent fields keep their value; null clears a field (RFC 7396).',
        tags,
        body: bodies({ 'application/json': ref(UserChanges), 'application/merge-patch+json': ref(UserChanges) }),
        response: { 200: result(ref(User), 'The account.') },
      },
    },
    async ({ user, body }) => presentUser(await changeUser(db, user.id, body)),
  )
}
