import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nextLink } from '../pages.ts'
import { PageQuery, page, ref, result } from '../schemas.ts'
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
        summary: 'What happened to your account',
        description:
          'Logins, changes of password, and the like, newest first, one page at a time; the `next` link leads to the next page. Kept for as long as this server is set to, 90 days if not otherwise.',
        tags: ['users'],
        querystring: PageQuery,
        response: { 200: result(page(ref(Activity)), 'A page of events.', 'link') },
      },
    },
    async ({ user, query }, reply) => {
      const { items, next } = await listActivity(db, user.id, query)
      reply.headers(nextLink('/users/me/activity', query.limit, next))
      return items.map(presentActivity)
    },
  )
}
