import type { FastifyBaseLogger } from 'fastify'

type MakeChild = FastifyBaseLogger['child']

/** Fastify's childLoggerFactory: a logger of the request that costs nothing until something is logged with it. */
export const requestLogger = (parent: FastifyBaseLogger, ...binding: Parameters<MakeChild>): FastifyBaseLogger =>
  new RequestLogger(parent, binding)

/** Few requests log more than their line, and pino's child costs more than the line does. */
class RequestLogger implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #binding: Parameters<MakeChild>
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, binding: Parameters<MakeChild>) {
    this.#parent = parent
    this.#binding = binding
  }

  get #own(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(...this.#binding)
    return this.#made
  }

  #log(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent', said: unknown[]): void {
    this.#own[level](...(said as [string])) // one of the forms that pino takes, whichever it is
  }

  get level() {
    return this.#own.level
  }
  fatal(...said: unknown[]) {
    this.#log('fatal', said)
  }
  error(...said: unknown[]) {
    this.#log('error', said)
  }
  warn(...said: unknown[]) {
    this.#log('warn', said)
  }
  info(...said: unknown[]) {
    this.#log('info', said)
  }
  debug(...said: unknown[]) {
    this.#log('debug', said)
  }
  trace(...said: unknown[]) {
    this.#log('trace', said)
  }
  silent(...said: unknown[]) {
    this.#log('silent', said)
  }
  child(...binding: Parameters<MakeChild>) {
    return this.#own.child(...binding)
  }
}
