import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { closedCsp, type Page, pageOf, sendPage } from '../http/pages.ts'
import { icon } from '../welcome/icon.ts'
import { docsScript, docsStyle } from './docs-browser.ts'

const hidden = { hide: true, security: [] }

/**
 * The OpenAPI document at /openapi.json and /openapi.yaml, and as pages for people at /docs. Swagger UI itself comes
 * from @fastify/swagger-ui, whose own page has no viewport for phones, is not compressed, and names its files by absolute
 * paths, which a proxy's prefix breaks.
 */
export const docs = fp(
  async function docs(app: FastifyInstance) {
    const pages = new Map<string, () => Page>([
      ['/docs/swagger-ui.css', lazily(() => pageOf(css, distributed('swagger-ui.css')))],
      ['/docs/swagger-ui.js', lazily(() => pageOf(js, distributed('swagger-ui-bundle.js')))],
      ['/docs/docs.css', lazily(() => pageOf(css, docsStyle))],
      ['/docs/docs.js', lazily(() => pageOf(js, docsScript))],
      ['/docs/icon.svg', lazily(() => pageOf('image/svg+xml', icon))],
    ])
    const documents = new LRUCache<string, Page, FastifyInstance>({ max: 10, memoMethod: documentPage })
    for (const format of ['json', 'yaml'] as const) {
      app.get(`/openapi.${format}`, { schema: hidden }, async (request, reply) =>
        sendPage(request, reply, documents.memo(`${format} ${serverOf(request)}`, { context: app })),
      )
    }
    for (const [path, page] of pages) {
      app.get(path, { schema: hidden }, async (request, reply) => sendPage(request, reply, page()))
    }

    // Relative, so that they lead on behind a proxy that adds a prefix.
    const [below, here] = [pageOf(html, page('docs/'), csp), pageOf(html, page(''), csp)]
    app.get('/docs', { schema: hidden }, async (request, reply) => {
      const isFolder = request.url.split('?', 1)[0]?.endsWith('/')
      return sendPage(request, reply, isFolder ? here : below)
    })
    for (const type of ['json', 'yaml']) {
      app.get(`/docs/${type}`, { schema: hidden }, async (_request, reply) => reply.redirect(`../openapi.${type}`, 308))
    }
  },
  { name: 'docs', dependencies: ['openapi'] },
)

/** `/` unless it is known where the API is: few clients follow a relative address of another kind. */
const serverOf = (request: FastifyRequest): string => {
  const root = request.linkTo('/')
  return root.startsWith('.') || root === '/' ? '/' : root.replace(/\/$/, '')
}

/** The document as it is served to those who reach the server at this address. */
function documentPage(key: string, _former: Page | undefined, { context: app }: { context: FastifyInstance }): Page {
  const [format, server] = key.split(' ') as [string, string]
  if (format === 'yaml') {
    return pageOf('application/yaml', app.swagger({ yaml: true }).replace(/^( +- url: )\/$/m, `$1${server}`))
  }
  const document = app.swagger() as { servers?: object[] }
  const servers = [{ ...document.servers?.[0], url: server }]
  return pageOf('application/json', `${JSON.stringify({ ...document, servers }, null, 2)}\n`)
}

const [html, css, js] = ['text/html', 'text/css', 'text/javascript'].map((type) => `${type}; charset=utf-8`) as [
  string,
  string,
  string,
]

function lazily(make: () => Page): () => Page {
  let page: Page | undefined
  return () => (page ??= make())
}

const distributed = (name: string) =>
  readFileSync(fileURLToPath(import.meta.resolve(`@fastify/swagger-ui/static/${name}`)))

// Swagger UI's style sheet has its icons as data: URLs.
const csp = `${closedCsp}; connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'`

const page = (folder: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Task Management API</title>
<link rel="icon" type="image/svg+xml" href="${folder}icon.svg">
<link rel="stylesheet" href="${folder}swagger-ui.css">
<link rel="stylesheet" href="${folder}docs.css">
<body>
<a id="jump" href="#operations-tag-tasks">Go to the operations</a>
<div id="swagger-ui"></div>
<script src="${folder}swagger-ui.js"></script>
<script src="${folder}docs.js"></script>
</html>
`
