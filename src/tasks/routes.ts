import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changing } from '../changes/change.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { bodies, failures, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { once, send } from '../idempotency/idempotency.ts'
import { TooManyLabels } from '../labels/problems.ts'
import { inboxes } from '../projects/inbox.ts'
import { ProjectArchived } from '../projects/problems.ts'
import { taskActionRoutes } from './action-routes.ts'
import { batchRoutes } from './batch-routes.ts'
import { taskCompletionRoutes } from './completion-routes.ts'
import { taskListRoutes } from './list-routes.ts'
import { TaskNotFound, TreeTooLarge } from './problems.ts'
import { InTrash, NewTask, presentTask, Task, TaskChanges } from './schemas.ts'
import { changeTask, createInboxTask, createTask, findTask, isPlain } from './store.ts'
import type { TaskRow } from './table.ts'
import { tasksTag } from './tag.ts'

// 20,000 characters take 240,000 bytes when a client escapes each as a surrogate pair.
const bodyLimit = 256 * 1024

export const taskRoutes: FastifyPluginAsyncTypebox = async function taskRoutes(app) {
  const { db } = app
  const inboxOf = inboxes(db)
  for (const schema of [Task, NewTask, TaskChanges]) app.addSchema(schema)
  await app.register(taskListRoutes)
  await app.register(taskActionRoutes)
  await app.register(batchRoutes)
  await app.register(taskCompletionRoutes)
  const read = { tags: [tasksTag.name], security: allows('tasks:read') }
  const write = { tags: [tasksTag.name], security: allows('tasks:write') }

  app.post(
    '/',
    {
      bodyLimit,
      config: { isIdempotent: true },
      schema: {
        ...write,
        operationId: 'createTask',
        summary: 'Create a task',
        description: 'The status is `pending` unless you send another.',
        body: ref(NewTask),
        response: {
          201: result(ref(Task), 'The new task.', 'location', 'etag'),
          ...failures(ProjectArchived, TreeTooLarge, TooManyLabels),
        },
      },
    },
    async (request, reply) => {
      const { user, body: task, headers } = request
      const answer = (row: TaskRow) => {
        const body = presentTask(row, user)
        return { status: 201, location: `/tasks/${row.id}`, etag: body.etag, body }
      }
      return isPlain(task) && headers['idempotency-key'] === undefined
        ? send(request, reply, answer(await createInboxTask(db, user, await inboxOf(user), task)))
        : once(request, reply, async (change) => answer(await createTask(change, task)))
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        ...read,
        operationId: 'getTask',
        summary: 'Get a task',
        description:
          'Answers one of your tasks. Tasks of others are not found, and those in the trash only with `trashed=true`.',
        params: IdParams,
        querystring: InTrash('Whether the task is in the trash.'),
        response: { 200: result(ref(Task), 'The task.'), ...failures(TaskNotFound) },
      },
    },
    async ({ user, params, query }, reply) => {
      const task = await findTask(db, user.id, params.id, query.trashed)
      const presented = presentTask(task, user)
      reply.header('etag', presented.etag)
      return presented
    },
  )

  const patching = {
    ...write,
    description:
      'Absent fields keep their value; null clears a field (RFC 7396). `due`, `start` and `labels` are replaced as a whole. PUT and PATCH do the same. With `If-Match`, the change does not overwrite a version that you have not read.',
    params: IdParams,
    headers: IfMatch,
    response: {
      200: result(ref(Task), 'The task.', 'etag'),
      ...failures(TaskNotFound, PreconditionFailed, ProjectArchived, TreeTooLarge, TooManyLabels),
    },
  }
  async function change(request: Change, reply: FastifyReply): Promise<Task> {
    const { user, params, body } = request
    const requireVersion = preconditionOf(request)
    const task = await changing(db, user, (change) => changeTask(change, params.id, body, requireVersion))
    const presented = presentTask(task, user)
    reply.header('etag', presented.etag)
    return presented
  }

  app.put(
    '/:id',
    { bodyLimit, schema: { ...patching, operationId: 'putTask', summary: 'Change a task', body: ref(TaskChanges) } },
    change,
  )

  app.patch(
    '/:id',
    {
      bodyLimit,
      schema: {
        ...patching,
        operationId: 'patchTask',
        summary: 'Change a task by merge patch',
        body: bodies({ 'application/json': ref(TaskChanges), 'application/merge-patch+json': ref(TaskChanges) }),
      },
    },
    change,
  )
}

type Change = FastifyRequest & { params: { id: number }; body: TaskChanges }
