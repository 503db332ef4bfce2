import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { destination } from 'pino'
import { addressOf } from './addresses.ts'
import type { Config } from './config.ts'

/**
 * JSON lines on standard output, written in blocks or after 100 ms: a line at a time would cost a fifth of a read.
 * `flushLog` writes what is left when the process ends.
 */
const stdout = destination({ dest: 1, sync: false, minLength: 8_192, periodicFlush: 100 })
export const flushLog = () => stdout.flushSync()

export const loggerOptions = (config: Config) => ({
  level: config.logLevel,
  stream: stdout,
  base: null,
  serializers: { err: describeError },
})

/** One line for each request, when it is answered. The query is left out: it could hold a secret. */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'request_id' })
  }

  override incomingRequest() {}

  override requestCompleted(_error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply) {
    logAnswer(request, reply)
  }

  override routeNotFound() {}
}

export function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  request.log.info({
    method: request.method,
    path: request.url.split('?', 1)[0],
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 100) / 100,
    user_id: request.user?.id,
    address: addressOf(request),
  })
}

/** No other properties of the error: drivers keep statements and their parameters there. */
function describeError({ name, code, message, stack = '' }: Error & { code?: string }) {
  return { type: name, code, message, stack }
}
