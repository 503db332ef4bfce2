import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Change, changing } from '../changes/change.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { failures, nothing, result } from '../http/responses.ts'
import { defaulted, IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { once } from '../idempotency/idempotency.ts'
import { ProjectArchived } from '../projects/problems.ts'
import { Completion, completeTask, Skip, skipTask } from './completing.ts'
import { Move, moveTask } from './moving.ts'
import { NotRecurring, OccurrenceUnknown, TaskNotFound, TreeTooLarge } from './problems.ts'
import { presentTask, Task } from './schemas.ts'
import type { TaskRow } from './table.ts'
import { tasksTag } from './tag.ts'
import { deleteTask, emptyTrash, restoreTask, trashTask } from './trash.ts'

/** What can be done with a task besides changing its fields. */
export const taskActionRoutes: FastifyPluginAsyncTypebox = async function taskActionRoutes(app) {
  const { db, sweeps } = app
  for (const schema of [Move, Completion, Skip]) app.addSchema(schema)
  const write = { tags: [tasksTag.name], security: allows('tasks:write') }
  const action = { ...write, params: IdParams, headers: IfMatch }

  const acting = (request: FastifyRequest, reply: FastifyReply, work: (change: Change) => Promise<TaskRow>) =>
    once(request, reply, async (change) => {
      const task = await work(change)
      const body = presentTask(task, request.user)
      return { etag: body.etag, body }
    })

  app.post(
    '/:id/complete',
    {
      config: { isBodyOptional: true, isIdempotent: true },
      schema: {
        ...action,
        operationId: 'completeTask',
        summary: 'Complete a task',
        description:
          'The body may be left out. A task that is completed already stays as it is. A task that recurs is `pending` again, and due at its next occurrence, which is never in the past; when there is none, it is completed.',
        body: ref(Completion),
        response: {
          200: result(ref(Task), 'The task.', 'etag'),
          ...failures(TaskNotFound, PreconditionFailed, OccurrenceUnknown),
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const requireVersion = preconditionOf(request)
      return acting(request, reply, (change) => completeTask(change, params.id, body, requireVersion))
    },
  )

  app.post(
    '/:id/skip',
    {
      config: { isBodyOptional: true, isIdempotent: true },
      schema: {
        ...action,
        operationId: 'skipTask',
        summary: 'Skip an occurrence of a task',
        description: 'The task is due again at its next occurrence, without having been done.',
        body: ref(Skip),
        response: {
          200: result(ref(Task), 'The task.', 'etag'),
          ...failures(TaskNotFound, PreconditionFailed, NotRecurring, OccurrenceUnknown),
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const requireVersion = preconditionOf(request)
      return acting(request, reply, (change) => skipTask(change, params.id, body, requireVersion))
    },
  )

  app.post(
    '/:id/move',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'moveTask',
        summary: 'Move a task',
        description:
          'Moves a task, with its subtasks, to another project, under another task, or to another position in its list. A task that goes to another project without a parent leaves its parent.',
        body: ref(Move),
        response: {
          200: result(ref(Task), 'The task.', 'etag'),
          ...failures(TaskNotFound, ProjectArchived, TreeTooLarge, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const requireVersion = preconditionOf(request)
      return acting(request, reply, (change) => moveTask(change, params.id, body, requireVersion))
    },
  )

  app.post(
    '/:id/restore',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'restoreTask',
        summary: 'Restore a task from the trash',
        description:
          'Brings back the task and the subtasks that were deleted with it, at the end of its list. If its parent is still in the trash, it comes back without one; if its project is, it comes back to the Inbox. A task that is not in the trash stays as it is.',
        response: { 200: result(ref(Task), 'The task.', 'etag'), ...failures(TaskNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { params } = request
      const requireVersion = preconditionOf(request)
      return acting(request, reply, (change) => restoreTask(change, params.id, requireVersion))
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        ...action,
        operationId: 'deleteTask',
        summary: 'Delete a task',
        description:
          'Moves the task to the trash, with its subtasks. It can be restored for 30 days. With `permanent=true` it is deleted for good, from the trash or not, which cannot be undone.',
        querystring: Type.Object(
          {
            permanent: defaulted(
              Type.Boolean({ default: false, description: 'Whether to delete it for good.', examples: [false] }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 204: nothing('The task is deleted.'), ...failures(TaskNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { user, params, query } = request
      const requireVersion = preconditionOf(request)
      await changing(db, user, (change) =>
        query.permanent
          ? deleteTask(change, params.id, requireVersion)
          : trashTask(change, sweeps, params.id, requireVersion),
      )
      return reply.code(204).send()
    },
  )

  app.delete(
    '/',
    {
      schema: {
        ...write,
        operationId: 'emptyTrash',
        summary: 'Empty the trash',
        description: 'Deletes the tasks in the trash for good. This cannot be undone.',
        querystring: Type.Object(
          {
            trashed: Type.Literal(true, { description: 'Says that it is the trash that you mean.', examples: [true] }),
          },
          { additionalProperties: false },
        ),
        response: {
          202: nothing('The trash is large: what was in it goes within the next minutes.'),
          204: nothing('The trash is empty.'),
        },
      },
    },
    async ({ user }, reply) => {
      await changing(db, user, (change) => emptyTrash(change, sweeps))
      return reply.code((await sweeps.finish(user.id)) ? 204 : 202).send()
    },
  )
}
