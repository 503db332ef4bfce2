import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nextLink, page } from '../http/paging.ts'
import { result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { TaskQuery } from './filters.ts'
import { listTasks } from './lists.ts'
import { presentTask, Task } from './schemas.ts'
import { Summary, summarize } from './summary.ts'
import { tasksTag } from './tag.ts'

export const taskListRoutes: FastifyPluginAsyncTypebox = async function taskListRoutes(app) {
  const { db } = app
  app.addSchema(Summary)
  const read = { tags: [tasksTag.name], security: allows('tasks:read') }

  app.get(
    '/',
    {
      config: { listOf: Task, dependsOnClock: (query) => (query as TaskQuery).overdue === true },
      schema: {
        ...read,
        operationId: 'listTasks',
        summary: 'List your tasks',
        description:
          'Answers one page of the tasks that meet all filters; without filters, those that are not archived or in the trash, newest first. The `Link` header has the address of the next page. With filters that few tasks meet, a page may be short or empty although there is a next one: follow `Link` until it is absent.',
        querystring: TaskQuery,
        response: { 200: result(page(ref(Task)), 'A page of tasks.', 'link') },
      },
    },
    async (request, reply) => {
      const { user, query } = request
      const { items, next } = await listTasks(db, user, query)
      reply.headers(nextLink(request, '/tasks', query.limit, next))
      return items.map((row) => presentTask(row, user))
    },
  )

  app.get(
    '/summary',
    {
      schema: {
        ...read,
        operationId: 'summarizeTasks',
        summary: 'Count your tasks',
        description:
          'Answers how many tasks are open, by status, priority and project, when they are due, and how many are done or in the trash.',
        response: { 200: result(ref(Summary), 'The counts.') },
      },
    },
    async ({ user }) => summarize(db, user, Date.now()),
  )
}
