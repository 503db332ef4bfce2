import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nextLink, page } from '../http/paging.ts'
import { result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { CompletionQuery, presentCompletion, TaskCompletion } from './schemas.ts'
import { listCompletions } from './store.ts'

export const completionsTag = { name: 'completions', description: 'What was done, and when.' }

export const completionRoutes: FastifyPluginAsyncTypebox = async function completionRoutes(app) {
  const { db } = app
  app.addSchema(TaskCompletion)

  app.get(
    '/',
    {
      schema: {
        tags: [completionsTag.name],
        security: allows('tasks:read'),
        operationId: 'listCompletions',
        summary: 'List what was done',
        description:
          'Answers completions and skipped occurrences of all your tasks, latest first, also of tasks in the trash. Those of tasks that are deleted for good are gone.',
        querystring: CompletionQuery,
        response: { 200: result(page(ref(TaskCompletion)), 'A page of completions.', 'link') },
      },
    },
    async (request, reply) => {
      const { user, query } = request
      const { after, before, ...page } = query
      const { items, next } = await listCompletions(db, user.id, {
        ...page,
        ...(after !== undefined && { after: Date.parse(after) }),
        ...(before !== undefined && { before: Date.parse(before) }),
      })
      reply.headers(nextLink(request, '/completions', query.limit, next))
      return items.map(presentCompletion)
    },
  )
}
