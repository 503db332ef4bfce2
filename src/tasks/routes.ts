import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { TaskNotFound } from '../errors.ts'
import { nextLink } from '../pages.ts'
import { bodies, failures, IdParams, nothing, PageQuery, ref, result } from '../schemas.ts'
import { NewTask, presentTask, Task, TaskChanges } from './schemas.ts'
import { changeTask, createTask, deleteTask, findTask, listTasks } from './store.ts'

// 20,000 characters take 240,000 bytes when a client escapes each as a surrogate pair.
const bodyLimit = 256 * 1024

export const taskRoutes: FastifyPluginAsyncTypebox = async function taskRoutes(app) {
  const { db } = app
  for (const schema of [Task, NewTask, TaskChanges]) app.addSchema(schema)
  const tags = ['tasks']

  app.get(
    '/',
    {
      schema: {
        operationId: 'listTasks',
        summary: 'Your tasks',
        description: 'Newest first, one page at a time; the `next` link leads to the next page.',
        tags,
        querystring: PageQuery,
        response: { 200: result(Type.Array(ref(Task)), 'A page of tasks.', 'link') },
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
        operationId: 'createTask',
        summary: 'Create a task',
        tags,
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
        operationId: 'getTask',
        summary: 'A task',
        tags,
        params: IdParams,
        response: { 200: result(ref(Task), 'The task.'), ...failures(TaskNotFound) },
      },
    },
    async ({ user, params }) => presentTask(await findTask(db, user.id, params.id)),
  )

  const change = {
    tags,
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
        operationId: 'deleteTask',
        summary: 'Delete a task',
        description: 'For good.',
        tags,
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
