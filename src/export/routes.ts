import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { type ExportEntry, membersOf } from './members.ts'
import { Export, isNamed } from './schemas.ts'
import { beginExport } from './store.ts'

export const exportRoutes: FastifyPluginAsyncTypebox<{ entries: readonly ExportEntry[] }> = async function exportRoutes(
  app,
  { entries },
) {
  const { db } = app
  const members = membersOf(entries)
  const exported = Export(members)
  for (const schema of [...members.map(({ items }) => items).filter(isNamed), exported]) app.addSchema(schema)

  app.get(
    '/',
    {
      config: { isStreamed: true },
      schema: {
        operationId: 'exportMe',
        summary: 'Export your account',
        description:
          'Answers everything in your account as one JSON document. The document is streamed: a change made during the export may or may not be in it. If the connection breaks before the document ends, the export is incomplete.',
        tags: ['users'],
        response: {
          200: result(ref(exported), 'Your account and everything in it.', 'cache-control', 'content-disposition'),
        },
      },
    },
    async ({ method, user, sessionId }, reply) => {
      const text = method === 'HEAD' ? [] : await beginExport(db, members, user, sessionId)
      reply
        .type('application/json')
        .header('content-disposition', 'attachment; filename="account.json"')
        .header('cache-control', 'no-store')
      return reply.send(Readable.from(text) as never) // the schema's type is what the text says
    },
  )
}
