import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { allows } from '../auth/scopes.ts'
import { ref, result } from '../schemas.ts'
import { presentUser, User } from './schemas.ts'

export const userRoutes: FastifyPluginAsyncTypebox = async function userRoutes(app) {
  app.get(
    '/me',
    {
      schema: {
        operationId: 'getMe',
        summary: 'Your account',
        description: 'The account that the token belongs to.',
        tags: ['users'],
        security: allows('account:read'),
        response: { 200: result(ref(User), 'The account.') },
      },
    },
    async ({ user }) => presentUser(user),
  )
}
