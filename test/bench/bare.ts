/** Fastify and nothing else: one route, sending the object, and so the bytes, that the real server was seen to send. */
import { readFileSync } from 'node:fs'
import fastify from 'fastify'

export interface Answer {
  readonly method: string
  readonly route: string
  readonly status: number
  /** JSON; undefined for an answer without a body. */
  readonly body?: unknown
  /** The only header that is sent beyond Fastify's own. */
  readonly etag?: string
}

const { method, route, status, body, etag }: Answer = JSON.parse(
  readFileSync(process.env.ANSWER_FILE as string, 'utf8'),
)

const app = fastify()
app.get('/health/live', (_request, reply) => reply.send('ok'))
app.route({
  method,
  url: route,
  handler: etag
    ? (_request, reply) => reply.code(status).header('etag', etag).send(body)
    : (_request, reply) => reply.code(status).send(body),
})
await app.listen({ port: Number(process.env.PORT) })
