import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { closedCsp, type Page, pageOf, sendPage, sourceHash } from '../http/pages.ts'
import { problems } from '../http/problems.ts'

/** The page that `type` of a problem points to. */
export const problemsPage = fp(
  async function problemsPage(app: FastifyInstance) {
    let page: Page
    app.addHook('onReady', async () => {
      page = pageOf('text/html; charset=utf-8', html(), csp) // every module that declares a problem is loaded by now
    })
    app.get('/problems', { schema: { hide: true, security: [] } }, async (request, reply) =>
      sendPage(request, reply, page),
    )
  },
  { name: 'problems-page' },
)

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
h2 { margin: 2rem 0 0; font-size: 1.2rem }
p { margin: .25rem 0 }
:target { background: mark; color: marktext }
`
const csp = `${closedCsp}; style-src ${sourceHash(style)}`

const html = () => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Problems – Task Management API</title>
<style>${style}</style>
<h1>Problems</h1>
<p>These are the errors that the API can answer. Clients should branch on the code: the texts may change.</p>
${problems()
  .map(({ type, code, status, title, help }) => {
    const id = type.split('#')[1]
    return `<h2 id="${id}">${title}</h2>\n<p><code>${code}</code>, status ${status}. ${help}</p>`
  })
  .join('\n')}
</html>
`
