import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Activity } from '../audit/schemas.ts'
import { ref, result } from '../schemas.ts'
import { presentSession, Session } from '../sessions/schemas.ts'
import { listSessions } from '../sessions/store.ts'
import { Task } from '../tasks/schemas.ts'
import { Export } from './schemas.ts'
import { exportText } from './store.ts'

export const exportRoutes: FastifyPluginAsyncTypebox = async function exportRoutes(app) {
  const { db } = app
  for (const schema of [Session, Activity, Task, Export]) app.addSchema(schema)

  app.get(
    '/',
    {
      config: { isStreamed: true },
      schema: {
        operationId: 'exportMe',
        summary: 'All that is kept of you',
        description:
          'One JSON document, sent while it is read: what changes meanwhile may be in it as before or as after. A connection that breaks before the document ends means that it is not whole.',
        tags: ['users'],
        response: {
          200: result(ref(Export), 'Your account and everything in it.', 'cache-control', 'content-disposition'),
        },
      },
    },
    async ({ method, user, sessionId }, reply) => {
      const sessions = (await listSessions(db, user.id)).map((row) => presentSession(row, sessionId))
      reply
        .type('application/json')
        .header('content-disposition', 'attachment; filename="account.json"')
        .header('cache-control', 'no-store')
      const text = Readable.from(method === 'HEAD' ? [] : exportText(db, user, sessions))
      return reply.send(text as never) // the schema's type is what the text says
    },
  )
}
