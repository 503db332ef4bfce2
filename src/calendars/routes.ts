import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { isTagNamed } from '../http/versions.ts'
import { CalendarFeedNotFound, TooManyCalendarFeeds } from './problems.ts'
import { CalendarFeed, CreatedCalendarFeed, NewCalendarFeed, presentCalendarFeed, projectIdsOf } from './schemas.ts'
import { createFeed, deleteFeed, findFeedOf, listFeeds, lookUpOpenFeed, maxFeeds } from './store.ts'
import { calendarText } from './streams.ts'

export const calendarsTag = { name: 'calendars', description: 'Your tasks in calendar programs.' }

export const calendarFeedRoutes: FastifyPluginAsyncTypebox = async function calendarFeedRoutes(app) {
  const { db, limits } = app
  for (const schema of [CalendarFeed, NewCalendarFeed, CreatedCalendarFeed]) app.addSchema(schema)
  const tags = [calendarsTag.name]

  app.get(
    '/',
    {
      schema: {
        tags,
        security: allows('tasks:read'),
        operationId: 'listCalendarFeeds',
        summary: 'List your calendar feeds',
        description: 'Answers all calendar feeds, newest first, without their addresses.',
        response: { 200: result(Type.Array(ref(CalendarFeed), { maxItems: maxFeeds }), 'The calendar feeds.') },
      },
    },
    async ({ user }) => (await listFeeds(db, user.id)).map(presentCalendarFeed),
  )

  app.post(
    '/',
    {
      schema: {
        tags,
        operationId: 'createCalendarFeed',
        summary: 'Create a calendar feed',
        description:
          'Makes an address at which calendar programs read your tasks (iCalendar, RFC 5545). The answer is the only one that has it: the address needs no login, so keep it to yourself.',
        body: ref(NewCalendarFeed),
        response: {
          201: result(ref(CreatedCalendarFeed), 'The new calendar feed, with its address.', 'location'),
          ...failures(TooManyCalendarFeeds),
        },
      },
    },
    async (request, reply) => {
      const { row, token } = await createFeed(db, request.user.id, request.body)
      reply.code(201).header('location', request.linkTo(`/calendar-feeds/${row.id}`))
      return { ...presentCalendarFeed(row), url: request.linkTo(`/calendar-feeds/${token}.ics`) }
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        tags,
        security: allows('tasks:read'),
        operationId: 'getCalendarFeed',
        summary: 'Get a calendar feed',
        description: 'Answers one of your calendar feeds, without its address.',
        params: IdParams,
        response: { 200: result(ref(CalendarFeed), 'The calendar feed.'), ...failures(CalendarFeedNotFound) },
      },
    },
    async ({ user, params }) => presentCalendarFeed(await findFeedOf(db, user.id, params.id)),
  )

  app.delete(
    '/:id',
    {
      schema: {
        tags,
        operationId: 'deleteCalendarFeed',
        summary: 'Delete a calendar feed',
        description: 'Revokes its address immediately.',
        params: IdParams,
        response: { 204: nothing('The calendar feed is deleted.'), ...failures(CalendarFeedNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      await deleteFeed(db, user.id, params.id)
      return reply.code(204).send()
    },
  )

  // Calendar programs know no tokens but those in addresses. It is no operation of the API, and not in its document.
  app.get<{ Params: { token: string } }>(
    '/:token(^tmf_[\\w-]{43}).ics',
    { schema: { hide: true, security: [] } },
    async (request, reply) => {
      const { params, headers, method } = request
      const open = await lookUpOpenFeed(db, params.token)
      if (open === undefined) {
        await limits.ofStranger(request, reply)
        throw new CalendarFeedNotFound()
      }
      const { row, version } = open
      const etag = `"${version}-${row.id}"`
      reply.headers({
        'cache-control': 'private, max-age=300',
        'x-robots-tag': 'noindex',
        etag,
      })
      if (isTagNamed(headers['if-none-match'], etag)) return reply.code(304).send()
      reply.type('text/calendar; charset=utf-8')
      if (method === 'HEAD') return reply.send()
      const projectIds = row.projectIds === null ? undefined : projectIdsOf(row)
      const text = calendarText(db, row.userId, { name: row.name, projectIds, hasEvents: row.hasEvents })
      return reply.send(Readable.from(text))
    },
  )
}
