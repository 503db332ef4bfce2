import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import { Problem } from '../http/problems.ts'
import { version } from '../version.ts'
import { OriginNotAllowed } from './problems.ts'
import { type Found, isTool, type Tool, toolOf } from './tools.ts'

const instructions =
  'Tasks of one account: to-dos with due dates, priorities, projects, labels, subtasks and recurrence. Dates without a time are days; times are those of a wall clock in a time zone.'

/**
 * The Model Context Protocol at POST /mcp, for agents. Its tools are routes of the JSON API, which are asked through
 * `inject` with the caller's own token: the same validation, scopes, limits and transactions. No state, so that any number
 * of instances will do; and no OAuth metadata, since clients that find some ignore the token they were given.
 */
export const mcp = fp(
  async function mcp(app: FastifyInstance, { config }: { config: Config }) {
    const found: Found[] = []
    app.addHook('onRoute', function (route) {
      if (isTool(route)) found.push({ route, instance: this })
    })
    let tools: Tool[] = []
    app.addHook('onReady', async () => {
      tools = found.map(toolOf)
    })

    const mcpDoor: FastifyPluginAsync = async function mcpDoor(door) {
      door.addContentTypeParser('application/json', { parseAs: 'string' }, door.getDefaultJsonParser('error', 'error'))
      const asking = new WeakMap<object, FastifyRequest>()

      const handler = createMcpHandler(
        ({ authInfo }) => {
          const request = asking.get(authInfo!)!
          const server = new McpServer({ name: 'task-management-api', version }, { instructions })
          const { scopes } = request
          for (const tool of tools) {
            if (scopes === undefined || (tool.scope !== undefined && scopes.includes(tool.scope))) {
              server.registerTool(tool.name, settingsOf(tool), (args: unknown) => call(app, tool, args, request))
            }
          }
          return server
        },
        { onerror: (err) => app.log.warn({ err }, 'a fault of the MCP server') },
      )

      door.post(
        '/mcp',
        {
          config: { scope: 'tasks:read' },
          schema: { hide: true },
          onRequest: async (request, reply) => {
            const { origin } = request.headers
            if (origin !== undefined && !config.corsOrigins.includes(origin)) throw new OriginNotAllowed()
            try {
              await app.authenticate.call(app, request, reply)
            } catch (error) {
              if (error instanceof Problem) await app.limits.ofStranger(request, reply)
              throw error
            }
          },
        },
        async (request, reply) => {
          // A call counts when its route is asked.
          if ((request.body as { method?: unknown } | null)?.method !== 'tools/call')
            await app.limits.ofUser(request, reply)
          const gone = new AbortController()
          reply.raw.once('close', () => gone.abort())
          const authInfo = { token: tokenOf(request), clientId: String(request.user.id), scopes: [] }
          asking.set(authInfo, request)
          const headers = Object.entries(request.headers).filter(
            (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'content-length',
          )
          const asked = new Request('http://mcp.invalid/mcp', {
            method: 'POST',
            headers,
            signal: gone.signal,
            body: '{}',
          })
          return reply.send(await handler.fetch(asked, { parsedBody: request.body, authInfo }))
        },
      )
    }
    await app.register(mcpDoor)
  },
  { name: 'mcp', dependencies: ['authenticate', 'limits'] },
)

const tokenOf = ({ headers }: FastifyRequest) => headers.authorization!.replace(/^\S+ +/, '')

const settingsOf = ({ title, description, input, output, method }: Tool) => ({
  title,
  description,
  inputSchema: fromJsonSchema(input as never),
  ...(output && { outputSchema: fromJsonSchema(output as never) }),
  annotations: {
    readOnlyHint: method === 'GET',
    destructiveHint: method === 'DELETE',
    idempotentHint: method !== 'POST',
    openWorldHint: false,
  },
})

async function call(app: FastifyInstance, tool: Tool, given: unknown, asker: FastifyRequest) {
  const args = (given ?? {}) as Record<string, unknown>
  const of = (place: string) =>
    Object.fromEntries(Object.entries(args).filter(([name]) => tool.places.get(name) === place))
  const url = tool.url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(args[name])))
  const hasBody = tool.method !== 'GET' && tool.method !== 'DELETE'
  const { authorization = '', 'x-forwarded-for': forwardedFor } = asker.headers
  const reply = await app.inject({
    method: tool.method as 'GET',
    url,
    query: of('querystring') as Record<string, string>,
    ...(hasBody && { payload: of('body') }),
    remoteAddress: asker.raw.socket.remoteAddress ?? '127.0.0.1',
    headers: { authorization, ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }) },
  })
  const answer = reply.body === '' ? undefined : reply.json()
  if (reply.statusCode >= 400) return refusal(reply.statusCode, answer)
  const cursor = /[?&]cursor=([^&>]+)/.exec(String(reply.headers.link ?? ''))?.[1]
  const listed = { items: answer, ...(cursor && { next_cursor: decodeURIComponent(cursor) }) }
  const content = tool.isList ? listed : answer
  return {
    content: [{ type: 'text' as const, text: content === undefined ? 'Done.' : JSON.stringify(content) }],
    ...(tool.output && { structuredContent: content }),
  }
}

/** What the problem says, and where. */
function refusal(status: number, { title, detail, errors = [] }: { title: string; detail: string; errors?: object[] }) {
  const places = errors.length === 0 ? '' : ` ${JSON.stringify(errors)}`
  return { isError: true, content: [{ type: 'text' as const, text: `${status} ${title}: ${detail}${places}` }] }
}
