import { isatty } from 'node:tty'
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { stdTimeFunctions } from 'pino'
import type { Config } from '../config.ts'
import { addressOf } from './client.ts'
import { lineWriter } from './lines.ts'
import { readableLine } from './readable.ts'

/** Health checks come every few seconds from whatever watches the server: they are logged at debug. */
export const healthPrefix = '/health'

const stdout = lineWriter(1, (dropped) => lineOf(40, `"dropped":${dropped},"msg":"log lines were dropped"`))

/** To be called when the process ends, since lines are written in blocks. */
export const flushLog = stdout.finish

/** Lines for people on a terminal; JSON lines elsewhere. */
const write = isatty(1) ? (line: string) => stdout.add(readableLine(line)) : stdout.add

export const loggerOptions = (config: Config) => ({
  level: config.logLevel,
  stream: { write },
  base: null,
  timestamp: stdTimeFunctions.isoTime,
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

/** The line that pino would write, without its passes over the fields and without the logger of the request. */
export function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const { id, method, url, user } = request
  const { level } = request.server.log
  const isHealthCheck = url.startsWith(healthPrefix)
  if (!(isHealthCheck ? levelsWithDebug : levelsWithInfo).has(level)) return
  const path = JSON.stringify(withoutSecret(url.split('?', 1)[0]!)).slice(1, -1)
  const ms = Math.round(reply.elapsedTime * 100) / 100
  const userId = user ? `,"user_id":${user.id}` : ''
  const { statusCode } = reply
  write(
    lineOf(
      isHealthCheck ? 20 : 30,
      `"request_id":"${id}","method":"${method}","path":"${path}","status":${statusCode},"ms":${ms}${userId},"address":"${addressOf(request)}","msg":"${method} ${path} ${statusCode}"`,
    ),
  )
}

/** The token of a calendar feed is in its address, which opens it for whoever reads the log. */
const withoutSecret = (path: string) => (path.includes('tmf_') ? path.replace(/tmf_[\w-]*/, 'tmf_…') : path)

const levelsWithDebug = new Set(['trace', 'debug'])
const levelsWithInfo = new Set([...levelsWithDebug, 'info'])

const lineOf = (level: number, fields: string) => `{"level":${level},"time":"${new Date().toISOString()}",${fields}}\n`

/** No other properties of the error: drivers keep statements and their parameters there. */
function describeError({ name, code, message, stack = '' }: Error & { code?: string }) {
  return { type: name, code, message, stack }
}
