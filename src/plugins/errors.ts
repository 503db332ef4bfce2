import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import findMyWay from 'find-my-way'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation } from '../database/database.ts'
import {
  BodyTooLarge,
  DatabaseDown,
  ExpectationFailed,
  HeadersTooLarge,
  InsufficientScope,
  InternalError,
  InvalidInput,
  InvalidToken,
  MalformedRequest,
  MethodNotAllowed,
  NotAuthenticated,
  Problem,
  type ProblemClass,
  RequestTimeout,
  RouteNotFound,
  StorageFull,
  UnsupportedMediaType,
  UriTooLong,
} from '../errors.ts'
import { logAnswer } from '../log.ts'
import { failures } from '../schemas.ts'

/** Every throw ends here, as a problem document (RFC 9457); so do unknown paths and methods. */
export const errors = fp(
  async function errors(app: FastifyInstance) {
    app.setErrorHandler(answerProblem)

    // A router of paths alone, to tell a wrong method (405) from a wrong path (404).
    const paths = findMyWay({ ignoreTrailingSlash: true })
    app.addHook('onRoute', ({ url, method }) => {
      const methods: Set<string> = paths.findRoute('GET', url)?.store ?? new Set()
      if (methods.size === 0) paths.on('GET', url, () => {}, methods)
      for (const name of [method].flat()) methods.add(name)
    })
    const noRoute = (request: FastifyRequest): Problem => {
      const methods: Set<string> | undefined = paths.find('GET', pathOf(request))?.store
      if (!methods || methods.has(request.method)) return new RouteNotFound()
      return new MethodNotAllowed({ headers: { allow: [...methods].sort().join(', ') } })
    }
    app.setNotFoundHandler((request) => {
      throw noRoute(request)
    })
    // Fastify would read the body first, and answer for what is wrong with it.
    app.addHook('preParsing', (request, _reply, payload, done) => {
      done(request.is404 ? noRoute(request) : null, payload)
    })

    app.addHook('onRoute', documentCommonProblems)

    app.addHook('onRequest', async ({ raw }) => {
      // Two Host headers let a proxy and this server disagree (RFC 9112, section 3.2).
      const hosts = raw.rawHeaders.filter(
        (name, i) => i % 2 === 0 && name.length === 4 && name.toLowerCase() === 'host',
      )
      if (hosts.length > 1 || (hosts.length === 0 && raw.httpVersion === '1.1')) {
        throw new MalformedRequest({ detail: 'Send one Host header.' })
      }
    })
    app.server.on('checkExpectation', (_request, response) => {
      const problem = new ExpectationFailed()
      response.statusCode = problem.kind.status
      response.setHeader('content-type', problemType)
      response.setHeader('connection', 'close') // whether the body follows is unknown
      response.end(JSON.stringify(problem))
    })
  },
  { name: 'errors' },
)

const problemType = 'application/problem+json'

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = problemOf(error)
  if (problem.kind === InternalError.kind) request.log.error({ err: error }, 'a fault of the server')
  else if (problem.kind.status >= 500) request.log.warn({ err: error }, problem.message)
  return reply.code(problem.kind.status).headers(problem.headers).type(problemType).send(problem.toJSON())
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof ReferenceViolation) return new InvalidToken() // the account was deleted meanwhile
  if (error instanceof DatabaseUnavailable) return new DatabaseDown()
  if (error instanceof DatabaseFull) return new StorageFull()
  const { code, statusCode = 500 } = error as Partial<FastifyError>
  const known = code && frameworkProblems[code]
  if (known) return new known()
  return statusCode >= 400 && statusCode < 500 ? new MalformedRequest() : new InternalError()
}

const frameworkProblems: Record<string, ProblemClass> = {
  FST_ERR_CTP_BODY_TOO_LARGE: BodyTooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: UnsupportedMediaType,
  FST_ERR_MAX_PARAM_LENGTH: UriTooLong,
}

/** What can go wrong on every route of its kind, so that no route has to say it, and none can forget it. */
function documentCommonProblems(route: RouteOptions) {
  if (route.schema === undefined || route.schema.hide) return
  const isOpen = route.schema.security?.length === 0
  const mayWrite = !['GET', 'HEAD'].includes(String(route.method))
  const common = [MalformedRequest, InvalidInput, InternalError]
  if (!isOpen) common.push(NotAuthenticated, InvalidToken, InsufficientScope, DatabaseDown)
  if (mayWrite) common.push(BodyTooLarge, UnsupportedMediaType, StorageFull)
  route.schema.response = { ...failures(...common), ...(route.schema.response as object) }
}

/** For requests that fail before there is a route: a URL that cannot be decoded, a part of it that is too long. */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  // No hook runs for it.
  reply.header('x-request-id', request.id).raw.once('close', () => logAnswer(request, reply))
  answerProblem(error, request, reply)
}

/** For requests that are not HTTP, too large or too slow: Node's parser gives up, and there is only the socket. */
export function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  const isAnswering = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy()
  const problem = new (parserProblems[error.code ?? ''] ?? MalformedRequest)()
  const { status, title } = problem.kind
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

const parserProblems: Record<string, ProblemClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
}

const pathOf = ({ url }: FastifyRequest) => url.split('?', 1)[0] as string
