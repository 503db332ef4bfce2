import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { changing } from '../changes/change.ts'
import { CompletionNotFound, NotLatestCompletion } from '../completions/problems.ts'
import { presentCompletion, TaskCompletion } from '../completions/schemas.ts'
import { listCompletionsOf } from '../completions/store.ts'
import { nextLink, PageQuery, page } from '../http/paging.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { failures, nothing, result } from '../http/responses.ts'
import { Id, IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { undoCompletion } from './completing.ts'
import { TaskNotFound } from './problems.ts'
import { findTask } from './store.ts'
import { tasksTag } from './tag.ts'

/** What was done with one task. */
export const taskCompletionRoutes: FastifyPluginAsyncTypebox = async function taskCompletionRoutes(app) {
  const { db } = app
  app.addSchema(TaskCompletion)

  app.get(
    '/:id/completions',
    {
      schema: {
        tags: [tasksTag.name],
        security: allows('tasks:read'),
        operationId: 'listTaskCompletions',
        summary: 'List when a task was done',
        description: 'Answers when the task was completed or skipped, latest first.',
        params: IdParams,
        querystring: PageQuery,
        response: {
          200: result(page(ref(TaskCompletion)), 'A page of completions.', 'link'),
          ...failures(TaskNotFound),
        },
      },
    },
    async (request, reply) => {
      const { user, params, query } = request
      await findTask(db, user.id, params.id)
      const { items, next } = await listCompletionsOf(db, user.id, params.id, query)
      reply.headers(nextLink(request, `/tasks/${params.id}/completions`, query.limit, next))
      return items.map(presentCompletion)
    },
  )

  app.delete(
    '/:id/completions/:completion_id',
    {
      schema: {
        tags: [tasksTag.name],
        security: allows('tasks:write'),
        operationId: 'undoCompletion',
        summary: 'Undo a completion',
        description:
          'Undoes the latest completion of a task, or the latest skipped occurrence: the task is again what it was before. Subtasks stay as they are.',
        params: Type.Object(
          {
            id: Id({ description: 'The id of the task.' }),
            completion_id: Id({ description: 'The id of the completion.' }),
          },
          { additionalProperties: false },
        ),
        headers: IfMatch,
        response: {
          204: nothing('The completion is undone.'),
          ...failures(TaskNotFound, CompletionNotFound, NotLatestCompletion, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params } = request
      const requireVersion = preconditionOf(request)
      await changing(db, user, (change) => undoCompletion(change, params.id, params.completion_id, requireVersion))
      return reply.code(204).send()
    },
  )
}
