import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { clientOf } from '../audit/store.ts'
import { SessionNotFound } from '../errors.ts'
import { failures, IdParams, nothing, ref, result } from '../schemas.ts'
import { presentSession, Session } from './schemas.ts'
import { endSession, listSessions } from './store.ts'

export const sessionRoutes: FastifyPluginAsyncTypebox = async function sessionRoutes(app) {
  const { db } = app
  app.addSchema(Session)
  const tags = ['sessions']

  app.get(
    '/',
    {
      schema: {
        operationId: 'listSessions',
        summary: 'Where you are logged in',
        description: 'Your sessions, newest first, at most twenty.',
        tags,
        response: { 200: result(Type.Array(ref(Session), { maxItems: 20 }), 'Your sessions.') },
      },
    },
    async ({ user, sessionId }) => (await listSessions(db, user.id)).map((row) => presentSession(row, sessionId)),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'endSession',
        summary: 'Log out somewhere',
        description: 'Ends a session: its tokens are refused from now on.',
        tags,
        params: IdParams,
        response: { 204: nothing('The session has ended.'), ...failures(SessionNotFound) },
      },
    },
    async (request, reply) => {
      await endSession(db, request.user.id, request.params.id, clientOf(request))
      return reply.code(204).send()
    },
  )
}
