import { createHash } from 'node:crypto'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import manifest from '../../package.json' with { type: 'json' }
import { scopeMeanings, scopes } from '../auth/scopes.ts'
import type { Config } from '../config.ts'
import { problems } from '../errors.ts'

/** OpenAPI from the routes' schemas, Swagger UI over it, and the page that `type` of a problem points to. */
export const docs = fp(
  async function docs(app: FastifyInstance, { config }: { config: Config }) {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Task Management API',
          version: manifest.version,
          description,
          license: { name: 'MIT', identifier: 'MIT' },
          contact: { name: 'The maintainers' },
        },
        servers: [{ url: '/', description: 'The server that answered this document.' }],
        tags: [
          { name: 'auth', description: 'Accounts and tokens.' },
          { name: 'users', description: 'Your account.' },
          { name: 'sessions', description: 'Where you are logged in.' },
          { name: 'tokens', description: 'Personal access tokens, for scripts and agents.' },
          { name: 'tasks', description: 'Your tasks.' },
          { name: 'health', description: 'For whoever runs the server.' },
        ],
        components: {
          securitySchemes: {
            password: {
              type: 'oauth2',
              description: 'Email (as username) and password, for an access token: a JWT, checked as RFC8725 says.',
              flows: { password: { tokenUrl: '/auth/login', refreshUrl: '/auth/refresh', scopes: {} } },
            },
            access_token: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description: 'An access token from POST /auth/login: a JWT, checked as RFC8725 says.',
            },
            personal_access_token: { type: 'http', scheme: 'bearer', description: tokenDescription },
          },
        },
        security: [{ password: [] }, { access_token: [] }],
      },
      refResolver: { buildLocalReference: (schema, _base, _fragment, i) => String(schema.$id ?? `schema-${i}`) },
    })
    app.get('/problems', { schema: { hide: true, security: [] } }, async (_request, reply) =>
      reply.type('text/html').header('content-security-policy', problemsCsp).send(problemsPage),
    )
    if (!config.docsEnabled) return
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: `${closedCsp}; connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'`,
      theme: {
        title: 'Task Management API',
        favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
        css: [{ filename: 'docs.css', content: docsStyle }],
        js: [{ filename: 'dark.js', content: followSystemTheme }],
      },
      uiConfig: {
        layout: 'BaseLayout',
        persistAuthorization: true,
        tryItOutEnabled: true,
        displayRequestDuration: true,
        defaultModelsExpandDepth: 0,
        plugins: [keepOnlyTheToken, focusOnUsername],
      },
    })
  },
  { name: 'docs' },
)

const description = `Keep tasks, from any client. Register, log in for a token, and send it as \`Authorization: Bearer …\`.

Errors are problem documents (RFC 9457): decide by \`code\`. Times are RFC 3339 in UTC. Input is strict: what is unknown
is refused. Lists are newest first and paged: follow the \`Link\` header. Reads have an \`ETag\`.`

// Role names of an HTTP scheme are not defined elsewhere in a document (OpenAPI 3.1, Security Requirement Object).
const tokenDescription = `A personal access token with the scope that the operation lists.

${scopes.map((scope) => `- \`${scope}\`: ${scopeMeanings[scope]}`).join('\n')}`

const closedCsp = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#49cc90"/><path d="m4 8.5 3 3 5-7" fill="none" stroke="#fff" stroke-width="2"/>
</svg>`

// Not shown: the choice among one server, and OAuth2's scopes and clients, which this API does not have.
const docsStyle = `
.swagger-ui .schemes-server-container > *,
.swagger-ui .scope-def,
.swagger-ui .auth-container .flow,
.swagger-ui .wrapper:has(> [for=password_type], > [for=client_id_password], > [for=client_secret_password]) {
  display: none;
}
`

const followSystemTheme = `
document.documentElement.classList.toggle('dark-mode', matchMedia('(prefers-color-scheme: dark)').matches)
`

/**
 * Runs in the browser, as a Swagger UI plugin. Swagger UI keeps an authorization over a reload with the password that
 * it was got with; only who it is and the token are kept here.
 */
function keepOnlyTheToken() {
  type Authorization = {
    name: string
    schema: object
    value?: unknown
    token?: { access_token: string }
    username?: string
  }
  type System = { authSelectors: { authorized(): { toJS(): Record<string, Authorization> } } }
  const persist = (_original: unknown, { authSelectors }: System) => {
    return () => {
      const authorized = Object.entries(authSelectors.authorized().toJS())
      const kept = authorized.map(([id, { name, schema, value, token, username }]) => {
        return [id, { name, schema, value, token: token && { access_token: token.access_token }, username }]
      })
      localStorage.setItem('authorized', JSON.stringify(Object.fromEntries(kept)))
    }
  }
  return { statePlugins: { auth: { wrapActions: { persistAuthorizationIfNeeded: persist } } } }
}

/** Runs in the browser too. The Authorize dialog would open with the focus on its last input, the pasted token's. */
function focusOnUsername({ React }: { React: { createElement(component: unknown, props: object): object } }) {
  const input = (Input: unknown) => (props: object) => React.createElement(Input, { ...props, autoFocus: false })
  return { wrapComponents: { Input: input } }
}

const problemsStyle = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
h2 { margin: 2rem 0 0; font-size: 1.2rem }
p { margin: .25rem 0 }
:target { background: mark; color: marktext }
`
const problemsCsp = `${closedCsp}; style-src 'sha256-${createHash('sha256').update(problemsStyle).digest('base64')}'`

const problemsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Problems – Task Management API</title>
<style>${problemsStyle}</style>
<h1>Problems</h1>
<p>What the API can answer instead of a result. Clients decide by the code.</p>
${problems
  .map(({ type, code, status, title, help }) => {
    const id = type.split('#')[1]
    return `<h2 id="${id}">${title}</h2>\n<p><code>${code}</code>, status ${status}. ${help}</p>`
  })
  .join('\n')}
</html>
`
