import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { DatabaseDown } from '../errors.ts'
import { failures, ref, result, words } from '../schemas.ts'

const Health = Type.Object(
  { status: words(['ok']) },
  { $id: 'Health', additionalProperties: false, description: 'All is well.' },
)

/** For whoever runs the server: live means do not restart it, ready means send it requests. */
export const healthRoutes: FastifyPluginAsyncTypebox = async function healthRoutes(app) {
  app.addSchema(Health)
  const open = { tags: ['health'], security: [] }

  app.get(
    '/live',
    {
      schema: {
        ...open,
        operationId: 'getLiveness',
        summary: 'Is the process alive?',
        description: 'Whether it answers at all, whatever the database does.',
        response: { 200: result(ref(Health), 'It is.', 'cache-control') },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return { status: 'ok' as const }
    },
  )

  app.get(
    '/ready',
    {
      schema: {
        ...open,
        operationId: 'getReadiness',
        summary: 'Can it serve requests?',
        description: 'Whether the database answers, can be written and has the schema that this server needs.',
        response: { 200: result(ref(Health), 'It can.', 'cache-control'), ...failures(DatabaseDown) },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      await app.db.ready()
      return { status: 'ok' as const }
    },
  )
}
