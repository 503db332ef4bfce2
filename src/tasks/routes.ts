import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { allows } from '../auth/scopes.ts'
import { TaskNotFound } from '../errors.ts'
import { nextLink } from '../pages.ts'
import { bodies, failures, IdParams, nothing, PageQuery, page, ref, result } from '../schemas.ts'
import { NewTask, presentTask, Task, TaskChanges } from './schemas.ts'
import { changeTask, createTask, deleteTask, findTask, listTasks } from './store.ts'

// 20,000 characters take 240,000 bytes when a client escapes each as a surrogate pair.
const bodyLimit = 256 * 1024

export const taskRoutes: FastifyPluginAsyncTypebox = async function taskRoutes(app) {
  const { db } = app
  for (const schema of [Task, NewTask, TaskChanges]) app.addSchema(schema)
  const read = { tags: ['tasks'], security: allows('tasks:read') }
  const write = { tags: ['tasks'], security: allows('tasks:write') }

  app.get(
    '/',
    {
      schema: {
        ...read,
        operationId: 'listTasks',
        summary: 'Your tasks',
        description: 'Newest first, one page at a time; the `next` link leads to the next page.',
        querystring: PageQuery,
        response: { 200: result(page(ref(Task)), 'A page of tasks.', 'link') },
      },
    },
    async ({ user, query }, reply) => {
      const { items, next } = await listTasks(db, user.id, query)
      reply.headers(nextLink('/tasks', query.limit, next))
      return items.map(presentTask)
    },
  )

  app.post(
    '/',
    {
      bodyLimit,
      schema: {
        ...write,
        operationId: 'createTask',
        summary: 'Create a task',
        description: 'Pending, unless another status is given.',
        body: ref(NewTask),
        response: { 201: result(ref(Task), 'The new task.', 'location') },
      },
    },
    async ({ user, body }, reply) => {
      const task = await createTask(db, user.id, body)
      return reply.code(201).header('location', `/tasks/${task.id}`).send(presentTask(task))
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        ...read,
        operationId: 'getTask',
        summary: 'A task',
        description: 'One of yours: what is not yours is not found.',
        params: IdParams,
        response: { 200: result(ref(Task), 'The task.'), ...failures(TaskNotFound) },
      },
    },
    async ({ user, params }) => presentTask(await findTask(db, user.id, params.id)),
  )

  const change = {
    ...write,
    description: 'Absent fields keep their value, null clears (RFC 7396). PUT and PATCH do the same.',
    params: IdParams,
    response: { 200: result(ref(Task), 'The task.'), ...failures(TaskNotFound) },
  }

  app.put(
    '/:id',
    { bodyLimit, schema: { ...change, operationId: 'putTask', summary: 'Change a task', body: ref(TaskChanges) } },
    async ({ user, params, body }) => presentTask(await changeTask(db, user.id, params.id, body)),
  )

  app.patch(
    '/:id',
    {
      bodyLimit,
      schema: {
        ...change,
        operationId: 'patchTask',
        summary: 'Change a task by merge patch',
        body: bodies({ 'application/json': ref(TaskChanges), 'application/merge-patch+json': ref(TaskChanges) }),
      },
    },
    async ({ user, params, body }) => presentTask(await changeTask(db, user.id, params.id, body)),
  )

  app.delete(
    '/:id',
    {
      schema: {
        ...write,
        operationId: 'deleteTask',
        summary: 'Delete a task',
        description: 'For good.',
        params: IdParams,
        response: { 204: nothing('The task is deleted.'), ...failures(TaskNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      await deleteTask(db, user.id, params.id)
      return reply.code(204).send()
    },
  )
}
