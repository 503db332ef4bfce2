import type { ProblemDocument } from './schemas.ts'

export interface ProblemKind {
  /** Stable: clients decide by it. */
  readonly code: string
  readonly status: number
  readonly title: string
  /** What happened and what to do, for the page that `type` points to. */
  readonly help: string
  /** RFC 9457 `type`: an anchor on the page of problems. */
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where a request is wrong: `pointer` (RFC 6901) into the body, or the name of a query or path parameter. */
export interface InputError {
  readonly detail: string
  readonly pointer?: string
  readonly parameter?: string
}

interface ProblemFacts {
  readonly detail?: string
  readonly errors?: InputError[]
  readonly headers?: Readonly<Record<string, string>>
}

/** A problem that a request is answered with instead of its result (RFC 9457). Throw it where it is known. */
export class Problem extends Error {
  readonly kind: ProblemKind
  readonly errors: InputError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(kind: ProblemKind, { detail = kind.title, errors, headers }: ProblemFacts = {}) {
    super(detail)
    this.name = kind.code
    this.kind = kind
    this.errors = errors
    this.headers = { ...kind.headers, ...headers }
  }

  toJSON(): ProblemDocument {
    const { type, title, status, code } = this.kind
    return { type, title, status, detail: this.message, code, ...(this.errors && { errors: this.errors }) }
  }
}

export interface ProblemClass {
  new (facts?: ProblemFacts): Problem
  readonly kind: ProblemKind
}

const declared = new Map<string, ProblemKind>()

/** Every problem that a module which was loaded declares, by status and then by code. */
export const problems = (): ProblemKind[] =>
  [...declared.values()].sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))

/** Declares a kind of problem, once; its class is thrown where the problem is known. */
export function problem(code: string, status: number, title: string, help: string, headers = {}): ProblemClass {
  if (declared.has(code)) throw new Error(`the problem ${code} is declared twice`)
  const kind = { code, status, title, help, type: `/problems#${code.toLowerCase().replaceAll('_', '-')}`, headers }
  declared.set(code, kind)
  return class extends Problem {
    static readonly kind = kind
    constructor(facts?: ProblemFacts) {
      super(kind, facts)
    }
  }
}

export const bearer = { 'www-authenticate': 'Bearer' }
const soon = { 'retry-after': '1' }

export const MalformedRequest = problem(
  'MALFORMED_REQUEST',
  400,
  'Malformed request',
  'The request is not valid HTTP, or its body is not valid JSON in UTF-8.',
)
export const NotAuthenticated = problem(
  'NOT_AUTHENTICATED',
  401,
  'Not authenticated',
  'Send a token in the Authorization header: the word Bearer, a space, and the access_token from POST /auth/login or a personal access token.',
  bearer,
)
export const InvalidToken = problem(
  'INVALID_TOKEN',
  401,
  'Invalid authentication credentials',
  'The token is unknown, has expired, or was revoked, or its account is not active. Log in again.',
  { 'www-authenticate': 'Bearer error="invalid_token"' },
)
export const InsufficientScope = problem(
  'INSUFFICIENT_SCOPE',
  403,
  'Insufficient scope',
  'The personal access token does not have the scope that this operation needs, or the operation does not accept personal access tokens. In the latter case, log in and use the access token.',
  { 'www-authenticate': 'Bearer error="insufficient_scope"' },
)
export const RouteNotFound = problem('ROUTE_NOT_FOUND', 404, 'Not found', 'The API does not have this path.')
export const MethodNotAllowed = problem(
  'METHOD_NOT_ALLOWED',
  405,
  'Method not allowed',
  'The path exists, but it does not support this method. The Allow header lists the methods that it supports.',
)
export const RequestTimeout = problem(
  'REQUEST_TIMEOUT',
  408,
  'Request timeout',
  'The server did not receive the whole request in time. Send it again.',
)
export const PreconditionFailed = problem(
  'PRECONDITION_FAILED',
  412,
  'Precondition failed',
  'The resource has changed since you read the version that If-Match names. Nothing was changed. Read the resource again, then decide.',
)
export const BodyTooLarge = problem(
  'BODY_TOO_LARGE',
  413,
  'Body too large',
  'A request body can have up to 64 KiB, 256 KiB for a task, 1 MiB for a batch, or 5 MiB for a file to import.',
)
export const UriTooLong = problem(
  'URI_TOO_LONG',
  414,
  'URI too long',
  'A part of the path is longer than any that exists.',
)
export const UnsupportedMediaType = problem(
  'UNSUPPORTED_MEDIA_TYPE',
  415,
  'Unsupported media type',
  'Send one of the content types that the operation accepts, in UTF-8 and without content encoding.',
)
export const ExpectationFailed = problem(
  'EXPECTATION_FAILED',
  417,
  'Expectation failed',
  'The server supports only the expectation 100-continue.',
)
export const InvalidInput = problem(
  'INVALID_INPUT',
  422,
  'Invalid input',
  'The request is well-formed, but contains values that are not allowed. The list errors names each of them with the reason. Nothing was changed.',
)
export const RateLimited = problem(
  'RATE_LIMITED',
  429,
  'Too many requests',
  'Wait as many seconds as Retry-After says, then try again.',
  soon,
)
export const HeadersTooLarge = problem(
  'HEADERS_TOO_LARGE',
  431,
  'Request header fields too large',
  'The request line and headers may have 16 KiB together.',
)
export const InternalError = problem(
  'INTERNAL_ERROR',
  500,
  'Internal server error',
  'A fault of the server. Its log has the details under the X-Request-Id of the answer.',
)
export const Overloaded = problem(
  'OVERLOADED',
  503,
  'Service overloaded',
  'Too many requests are already waiting. Nothing was changed. Try again after the number of seconds in Retry-After.',
  soon,
)
export const DatabaseDown = problem(
  'DATABASE_UNAVAILABLE',
  503,
  'Database unavailable',
  'The database did not answer in time. Try again after the number of seconds in Retry-After.',
  soon,
)
export const StorageFull = problem(
  'STORAGE_FULL',
  507,
  'Storage full',
  'The server has no disk space left for this. Nothing was changed.',
)

/** Invalid input at a place in the body that only the handler could tell; `pointer` is of RFC 6901. */
export const invalidField = (pointer: string, detail: string): Problem =>
  new InvalidInput({ detail: `${pointer.slice(1)} ${detail}`, errors: [{ detail, pointer }] })

/** The same for a parameter in the URL. */
export const invalidParameter = (parameter: string, detail: string): Problem =>
  new InvalidInput({ detail: `${parameter} ${detail}`, errors: [{ detail, parameter }] })

/** The same problem, where what is wrong is a part of the body; what is wrong with no field stays so. */
export const atPointer = (pointer: string, { kind, message, errors, headers }: Problem): Problem =>
  new Problem(kind, {
    detail: message,
    ...(errors && { errors: errors.map((error) => ({ ...error, pointer: pointer + (error.pointer ?? '') })) }),
    headers,
  })
