import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { DatabaseDown } from '../http/problems.ts'
import { failures, result } from '../http/responses.ts'
import { ref, words } from '../http/schemas.ts'
import { version } from '../version.ts'

const Health = Type.Object(
  {
    status: words(['ok']),
    version: Type.String({
      pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$',
      maxLength: 50,
      description: 'The version of the server.',
      examples: [version],
    }),
  },
  { $id: 'Health', additionalProperties: false, description: 'The check passed.' },
)

const health = { status: 'ok', version } as const

export const healthTag = { name: 'health', description: 'Checks for the operator and for load balancers.' }

/** For the operator: a live server needs no restart, and a ready one can be sent requests. */
export const healthRoutes: FastifyPluginAsyncTypebox = async function healthRoutes(app) {
  app.addSchema(Health)
  const open = { tags: [healthTag.name], security: [] }

  app.get(
    '/live',
    {
      schema: {
        ...open,
        operationId: 'getLiveness',
        summary: 'Check that the process is alive',
        description: 'Succeeds whenever the process can answer, whatever the state of the database.',
        response: { 200: result(ref(Health), 'The process is alive.', 'cache-control') },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return health
    },
  )

  app.get(
    '/ready',
    {
      schema: {
        ...open,
        operationId: 'getReadiness',
        summary: 'Check that the server can serve requests',
        description: 'Succeeds if the database answers, can be written and has the schema that this server needs.',
        response: {
          200: result(ref(Health), 'The server can serve requests.', 'cache-control'),
          ...failures(DatabaseDown),
        },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      await app.db.ready()
      return health
    },
  )
}
