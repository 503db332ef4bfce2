import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodies, ref, result } from '../schemas.ts'
import { presentUser, User, UserChanges } from './schemas.ts'
import { changeUser } from './store.ts'

export const userRoutes: FastifyPluginAsyncTypebox = async function userRoutes(app) {
  const { db } = app
  app.addSchema(UserChanges)
  const tags = ['users']

  app.get(
    '/me',
    {
      schema: {
        operationId: 'getMe',
        summary: 'Your account',
        description: 'The account that the token belongs to.',
        tags,
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
}
