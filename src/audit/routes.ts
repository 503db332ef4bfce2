import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nextLink, PageQuery, page } from '../http/paging.ts'
import { result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { Activity, presentActivity } from './schemas.ts'
import { listActivity } from './store.ts'

export const activityRoutes: FastifyPluginAsyncTypebox = async function activityRoutes(app) {
  const { db } = app
  app.addSchema(Activity)

  app.get(
    '/',
    {
      schema: {
        operationId: 'listActivity',
        summary: 'List the activity of your account',
        description:
          'Answers one page of events such as logins and password changes, newest first. The `Link` header has the address of the next page. Events are kept for 90 days unless the operator chose another time.',
        tags: ['users'],
        querystring: PageQuery,
        response: { 200: result(page(ref(Activity)), 'A page of events.', 'link') },
      },
    },
    async (request, reply) => {
      const { user, query } = request
      const { items, next } = await listActivity(db, user.id, query)
      reply.headers(nextLink(request, '/users/me/activity', query.limit, next))
      return items.map(presentActivity)
    },
  )
}
