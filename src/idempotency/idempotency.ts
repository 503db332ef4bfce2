import { hash } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Change, changing } from '../changes/change.ts'
import { InvalidInput, Problem } from '../http/problems.ts'
import { failures, perhapsAnnouncing } from '../http/responses.ts'
import { IdempotencyKeyReused } from './problems.ts'
import { type Kept, keepAnswer, lookUpAnswer } from './store.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a request with an Idempotency-Key happens once: the handler answers by `once`. */
    isIdempotent?: boolean
  }
}

const IdempotencyKey = Type.String({
  pattern: '^("[ -~]{1,255}"|[!#-~][ -~]{0,254})$',
  maxLength: 257,
  description:
    'A text of your own for this request, 1 to 255 printable characters, such as a UUID; in quotes or not. Sent again with the same request within 24 hours, it is answered as before, with `Idempotent-Replayed: true`, and nothing happens twice.',
  examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
})

/** Documents the key on the routes that know it. */
export const idempotency = fp(
  async function idempotency(app: FastifyInstance) {
    app.addHook('onRoute', ({ config, schema }) => {
      if (!config?.isIdempotent || schema === undefined) return
      const { properties = {} } = (schema.headers ?? {}) as { properties?: object }
      schema.headers = Type.Object({ ...properties, 'idempotency-key': Type.Optional(IdempotencyKey) })
      const responses = Object.entries((schema.response ?? {}) as Record<string, object>).map(([status, response]) => [
        status,
        Number(status) < 300 ? perhapsAnnouncing(response, 'idempotent-replayed') : response,
      ])
      schema.response = { ...failures(InvalidInput, IdempotencyKeyReused), ...Object.fromEntries(responses) }
    })
  },
  { name: 'idempotency' },
)

/** What a write is answered; `location` is a path of the API. */
export interface Answer<B> {
  readonly status?: number
  readonly body: B
  readonly etag?: string
  readonly location?: string
}

/**
 * Answers a request by a write. With an Idempotency-Key it happens once: the answer is kept in the write's own
 * transaction, and a retry is answered with it before anything else is looked at. Failures are not kept.
 */
export async function once<B>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (change: Change) => Promise<Answer<B>>,
): Promise<B> {
  const { server, user, headers } = request
  const key = keyIn(headers['idempotency-key'])
  if (key === undefined) return send(request, reply, await changing(server.db, user, work))
  const fingerprint = fingerprintOf(request)
  const answer = await changing(server.db, user, async (change): Promise<Answer<B>> => {
    const kept = await lookUpAnswer(change, key, fingerprint)
    if (kept !== undefined) {
      reply.header('idempotent-replayed', 'true')
      return readAnswer(kept)
    }
    const made = await work(change)
    await keepAnswer(change, key, fingerprint, keptAs(made))
    return made
  })
  return send(request, reply, answer)
}

/** A request that is many writes. */
interface Steps<R> {
  /** The next one, after those that have results. */
  run(change: Change, results: readonly R[]): Promise<R>
  /** The result of one that failed. */
  failed(problem: Problem): R
}

/**
 * The same for a request of `count` writes, each with its own number, of which some may fail. With an Idempotency-Key
 * each write keeps the results so far, and a retry goes on from there.
 */
export async function onceInSteps<R>(
  request: FastifyRequest,
  reply: FastifyReply,
  count: number,
  { run, failed }: Steps<R>,
): Promise<R[]> {
  const { server, user, headers } = request
  const key = keyIn(headers['idempotency-key'])
  const fingerprint = fingerprintOf(request)
  const keep = (change: Change, results: readonly R[]) =>
    key !== undefined && keepAnswer(change, key, fingerprint, keptAs({ body: results }))
  /** What an earlier or a simultaneous request with this key has done, if that is more. */
  const further = async (change: Change, results: readonly R[]): Promise<R[] | undefined> => {
    const kept = key === undefined ? undefined : await lookUpAnswer(change, key, fingerprint)
    const known = kept && (readAnswer(kept).body as R[])
    return known && known.length > results.length ? known : undefined
  }

  let results: R[] = []
  while (results.length < count) {
    const done = results
    try {
      results = await changing(server.db, user, async (change) => {
        const known = await further(change, done)
        if (known !== undefined) return known
        const after = [...done, await run(change, done)]
        await keep(change, after)
        return after
      })
      if (done.length === 0 && results.length === count && count > 1) reply.header('idempotent-replayed', 'true')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.kind === IdempotencyKeyReused.kind) throw error
      results = [...done, failed(error)]
    }
  }
  return results
}

const keyIn = (header: string | string[] | undefined): string | undefined =>
  header === undefined ? undefined : String(header).replace(/^"(.*)"$/, '$1')

/** Of everything that decides what a request does. */
const fingerprintOf = ({ method, url, headers, bodyHash = '' }: FastifyRequest): string =>
  hash('sha256', JSON.stringify([method, url, headers['content-type'] ?? '', bodyHash]), 'base64url')

const keptAs = ({ status = 200, location, etag, body }: Answer<unknown>): Kept => ({
  status,
  location: location ?? null,
  etag: etag ?? null,
  body: body === undefined ? null : JSON.stringify(body),
})

const readAnswer = <B>({ status, location, etag, body }: Kept): Answer<B> => ({
  status,
  ...(location !== null && { location }),
  ...(etag !== null && { etag }),
  body: body === null ? (undefined as B) : JSON.parse(body),
})

/** Answers without keeping anything. */
export function send<B>(
  request: FastifyRequest,
  reply: FastifyReply,
  { status = 200, location, etag, body }: Answer<B>,
): B {
  reply.code(status)
  if (location !== undefined) reply.header('location', request.linkTo(location))
  if (etag !== undefined) reply.header('etag', etag)
  return body
}
