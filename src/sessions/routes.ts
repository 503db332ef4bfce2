import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { clientOf } from '../http/client.ts'
import { failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { SessionNotFound } from './problems.ts'
import { presentSession, Session } from './schemas.ts'
import { endSession, listSessions } from './store.ts'

export const sessionsTag = { name: 'sessions', description: 'See where you are logged in, and end sessions.' }

export const sessionRoutes: FastifyPluginAsyncTypebox = async function sessionRoutes(app) {
  const { db } = app
  app.addSchema(Session)
  const tags = [sessionsTag.name]

  app.get(
    '/',
    {
      schema: {
        operationId: 'listSessions',
        summary: 'List your sessions',
        description: 'Answers your open sessions (at most twenty), newest first.',
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
        summary: 'End a session',
        description: 'Logs out one of your sessions. Its tokens stop working immediately.',
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
