import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Negotiator from 'negotiator'
import type { Config } from '../config.ts'
import { pageOf, sendPage, vary } from '../http/pages.ts'
import { announcing, bodies, nothing } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { version } from '../version.ts'
import { favicon } from './icon.ts'
import { welcomeCsp, welcomeHtml } from './page.ts'
import { Welcome, WelcomePage } from './schemas.ts'

export const aboutTag = { name: 'about', description: 'See what this server is.' }

/** What answers at the address of the server, and its icon. */
export const welcomeRoutes: FastifyPluginAsyncTypebox<{ config: Config }> = async function welcomeRoutes(
  app,
  { config },
) {
  app.addSchema(Welcome)
  const docsLinks = config.docsEnabled ? { docs: 'docs', openapi: 'openapi.json' } : {}
  const welcome: Welcome = {
    name: 'Task Management API',
    version: version,
    links: { ...docsLinks, problems: 'problems' },
  }
  const pages = {
    'application/json': pageOf('application/json; charset=utf-8', JSON.stringify(welcome)),
    'text/html': pageOf('text/html; charset=utf-8', welcomeHtml(welcome), welcomeCsp),
  }
  const types = Object.keys(pages) as (keyof typeof pages)[]
  const icon = pageOf('image/x-icon', favicon)

  app.get(
    '/',
    {
      schema: {
        tags: [aboutTag.name],
        security: [],
        operationId: 'getWelcome',
        summary: 'Get the name and version of the server',
        description: 'Answers JSON, or a page for people to clients that prefer `text/html`, as browsers do.',
        response: {
          200: announcing(
            {
              description: 'The name, the version, and links.',
              ...bodies({ 'application/json': ref(Welcome), 'text/html': WelcomePage }),
            },
            'etag',
            'cache-control',
          ),
          304: announcing(nothing('The representation has not changed.'), 'etag', 'cache-control'),
        },
      },
    },
    async (request, reply) => {
      // A client that takes anything, or nothing of both, gets JSON.
      const type = new Negotiator(request.raw).mediaType(types) as keyof typeof pages | undefined
      vary(reply, 'Accept')
      return sendPage(request, reply, pages[type ?? 'application/json'])
    },
  )

  app.get('/favicon.ico', { schema: { hide: true, security: [] } }, async (request, reply) =>
    sendPage(request, reply, icon),
  )
}
