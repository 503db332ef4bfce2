import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import findMyWay from 'find-my-way'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../database/database.ts'
import { refusalOf } from '../database/uniques.ts'
import type { Asked, LinkTo } from '../http/links.ts'
import { logAnswer } from '../http/log.ts'
import {
  BodyTooLarge,
  DatabaseDown,
  ExpectationFailed,
  HeadersTooLarge,
  InternalError,
  InvalidToken,
  MalformedRequest,
  MethodNotAllowed,
  Problem,
  type ProblemClass,
  RequestTimeout,
  RouteNotFound,
  StorageFull,
  UnsupportedMediaType,
  UriTooLong,
} from '../http/problems.ts'
import { answerOn } from '../http/sockets.ts'

/** Every throw ends here, as a problem document (RFC 9457); so do unknown paths and methods. */
export const errors = fp(
  async function errors(app: FastifyInstance, { linkTo }: { linkTo: LinkTo }) {
    app.decorateRequest('linkTo', function (this: FastifyRequest, path: string) {
      return linkTo(this, path)
    })
    app.setErrorHandler((error, request, reply) => answerProblem(linkTo, error, request, reply))

    // A router of paths alone, to tell a wrong method (405) from a wrong path (404).
    const paths = findMyWay({ ignoreTrailingSlash: true })
    const fixed = new Map<string, Set<string>>()
    app.addHook('onRoute', ({ url, method }) => {
      const methods: Set<string> = paths.findRoute('GET', url)?.store ?? new Set()
      if (methods.size === 0) paths.on('GET', url, () => {}, methods)
      for (const name of [method].flat()) methods.add(name)
      if (!/[:*]/.test(url)) fixed.set(url, methods)
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

    app.addHook('onRequest', (request, _reply, done) => {
      const { raw, routeOptions, method } = request
      const hosts = hostsIn(raw.rawHeaders)
      const isRight = hosts === 1 || (hosts === 0 && raw.httpVersion !== '1.1')
      if (!isRight) return done(new MalformedRequest({ detail: 'Send one Host header.' }))
      // `GET /tasks/batch` is no task, where only POST has that path.
      const isShadow = routeOptions.url?.includes(':') && fixed.get(pathOf(request))?.has(method) === false
      done(isShadow ? noRoute(request) : undefined)
    })
    app.server.on('checkExpectation', (request, response) => {
      const problem = new ExpectationFailed()
      response.statusCode = problem.kind.status
      response.setHeader('content-type', problemType)
      response.setHeader('connection', 'close') // whether the body follows is unknown
      response.end(JSON.stringify(documentOf(problem, linkTo, request)))
    })
  },
  { name: 'errors' },
)

const problemType = 'application/problem+json'

/** How many Host headers there are. Two let a proxy and this server disagree (RFC 9112, section 3.2). */
function hostsIn(rawHeaders: string[]): number {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts
}

function answerProblem(linkTo: LinkTo, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = problemOf(error)
  if (problem.kind === InternalError.kind) request.log.error({ err: error }, 'a fault of the server')
  else if (problem.kind.status >= 500) request.log.warn({ err: error }, problem.message)
  return reply
    .code(problem.kind.status)
    .headers(problem.headers)
    .type(problemType)
    .send(documentOf(problem, linkTo, request))
}

/** The problem document; its `type` leads to the page of problems from where the request was sent. */
const documentOf = (problem: Problem, linkTo: LinkTo, asked: Asked | undefined) => ({
  ...problem.toJSON(),
  type: linkTo(asked, problem.kind.type),
})

function problemOf(thrown: unknown): Problem {
  const error = thrown instanceof UniqueViolation ? refusalOf(thrown) : thrown
  if (error instanceof Problem) return error
  if (error instanceof ReferenceViolation) return new InvalidToken() // the account was just deleted
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

/** For requests that fail before there is a route: a URL that cannot be decoded, a part of it that is too long. */
export const frameworkErrors =
  (linkTo: LinkTo) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    // No hook runs for it.
    reply.raw.once('close', () => logAnswer(request, reply))
    if (!request.server.answerBrowser(request, reply)) answerProblem(linkTo, error, request, reply)
  }

/** For requests that are not HTTP, too large or too slow: Node's parser gives up, and there is only the socket. */
export const clientErrorHandler = (linkTo: LinkTo) =>
  function answerOnSocket(this: FastifyInstance, error: { code?: string; rawPacket?: unknown }, socket: Socket): void {
    const begun = answerOn(socket)
    if (error.code === 'ECONNRESET' || !socket.writable || begun?.headersSent) return void socket.destroy()
    const problem = new (parserProblems[error.code ?? ''] ?? MalformedRequest)()
    const { status, title } = problem.kind
    const body = JSON.stringify(documentOf(problem, linkTo, begun?.req))
    const headers = {
      'Content-Type': problemType,
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
      ...this.corsHeaders(begun?.req.headers.origin ?? originIn(error.rawPacket)),
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
  }

/** Of a request that Node's parser gave up on, so that its page can read why. A page cannot set Origin itself. */
const originIn = (packet: unknown): string | undefined =>
  Buffer.isBuffer(packet)
    ? /\r\norigin:[ \t]*([^\s]{1,300})[ \t]*\r\n/i.exec(packet.toString('latin1'))?.[1]
    : undefined

const parserProblems: Record<string, ProblemClass> = {
  HPE_HEADER_OVERFLOW: HeadersTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: RequestTimeout,
}

const pathOf = ({ url }: FastifyRequest) => url.split('?', 1)[0] as string
