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
  readonly errors?: readonly InputError[]
  readonly headers?: Readonly<Record<string, string>>
}

/** What a request can be answered instead of its result (RFC 9457). Throw it where it is known. */
export class Problem extends Error {
  readonly kind: ProblemKind
  readonly errors: readonly InputError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(kind: ProblemKind, { detail = kind.title, errors, headers }: ProblemFacts = {}) {
    super(detail)
    this.name = kind.code
    this.kind = kind
    this.errors = errors
    this.headers = { ...kind.headers, ...headers }
  }

  toJSON() {
    const { type, title, status, code } = this.kind
    return { type, title, status, detail: this.message, code, ...(this.errors && { errors: this.errors }) }
  }
}

export interface ProblemClass {
  new (facts?: ProblemFacts): Problem
  readonly kind: ProblemKind
}

/** Every problem, in the order of its declaration below. */
export const problems: ProblemKind[] = []

function problem(code: string, status: number, title: string, help: string, headers = {}): ProblemClass {
  const kind = { code, status, title, help, type: `/problems#${code.toLowerCase().replaceAll('_', '-')}`, headers }
  problems.push(kind)
  return class extends Problem {
    static readonly kind = kind
    constructor(facts?: ProblemFacts) {
      super(kind, facts)
    }
  }
}

const bearer = { 'www-authenticate': 'Bearer' }
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
  'Send a token: Authorization: Bearer followed by the access_token that POST /auth/login answered, or a personal access token.',
  bearer,
)
export const InvalidToken = problem(
  'INVALID_TOKEN',
  401,
  'Invalid authentication credentials',
  'The token is not one of ours, has expired or was revoked, or its account is no longer active. Log in again.',
  { 'www-authenticate': 'Bearer error="invalid_token"' },
)
export const InvalidLogin = problem(
  'INVALID_LOGIN',
  401,
  'Invalid email or password',
  'No active account has this email and password. Which of them is wrong is not told.',
  bearer,
)
export const InvalidRefreshToken = problem(
  'INVALID_REFRESH_TOKEN',
  401,
  'Invalid refresh token',
  'The refresh token was used before, has expired, or its session has ended. Log in again.',
  bearer,
)
export const WrongPassword = problem(
  'WRONG_PASSWORD',
  403,
  'Wrong password',
  'The current password is not right. Nothing was changed.',
)
export const InsufficientScope = problem(
  'INSUFFICIENT_SCOPE',
  403,
  'Insufficient scope',
  'The personal access token does not have the scope that this operation needs, or the operation takes none: log in.',
  { 'www-authenticate': 'Bearer error="insufficient_scope"' },
)
export const RegistrationClosed = problem(
  'REGISTRATION_CLOSED',
  403,
  'Registration is closed',
  'Whoever runs this server creates the accounts.',
)
export const RouteNotFound = problem('ROUTE_NOT_FOUND', 404, 'Not found', 'The API has no such path.')
export const TaskNotFound = problem(
  'TASK_NOT_FOUND',
  404,
  'Task not found',
  'You have no task with this id: it never existed, was deleted, or is not yours.',
)
export const SessionNotFound = problem(
  'SESSION_NOT_FOUND',
  404,
  'Session not found',
  'You have no session with this id: it has ended or is not yours.',
)
export const TokenNotFound = problem(
  'TOKEN_NOT_FOUND',
  404,
  'Token not found',
  'You have no personal access token with this id: it was revoked or is not yours.',
)
export const MailDisabled = problem(
  'MAIL_DISABLED',
  404,
  'Mail is off',
  'This server sends no mail. Whoever runs it can reset a password: npm run admin -- reset-password.',
)
export const MethodNotAllowed = problem(
  'METHOD_NOT_ALLOWED',
  405,
  'Method not allowed',
  'The path exists, but not with this method. The Allow header lists those it has.',
)
export const RequestTimeout = problem(
  'REQUEST_TIMEOUT',
  408,
  'Request timeout',
  'The request was not received completely in time. Send it again.',
)
export const EmailTaken = problem(
  'EMAIL_TAKEN',
  409,
  'User already exists',
  'An account with this email exists. Log in, or register with another email.',
)
export const TooManyTokens = problem(
  'TOO_MANY_TOKENS',
  409,
  'Too many personal access tokens',
  'The account has as many personal access tokens as it can have, expired ones included. Revoke one to make another.',
)
export const BodyTooLarge = problem(
  'BODY_TOO_LARGE',
  413,
  'Body too large',
  'A request body may have 64 KiB; that of a task 256 KiB.',
)
export const UriTooLong = problem(
  'URI_TOO_LONG',
  414,
  'URI too long',
  'A part of the path is longer than any real one.',
)
export const UnsupportedMediaType = problem(
  'UNSUPPORTED_MEDIA_TYPE',
  415,
  'Unsupported media type',
  'Send a content type that the operation takes, in UTF-8 and without content encoding.',
)
export const ExpectationFailed = problem(
  'EXPECTATION_FAILED',
  417,
  'Expectation failed',
  'The only expectation this server knows is 100-continue.',
)
export const InvalidInput = problem(
  'INVALID_INPUT',
  422,
  'Invalid input',
  'The request is well-formed, but a value in it is not allowed: errors says which and why. Nothing was changed.',
)
export const InvalidLink = problem(
  'INVALID_LINK',
  422,
  'Invalid link',
  'The link was used before, has expired, or was never sent. Ask for a new one.',
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
  'Too much is waiting already. Nothing was changed; try again after Retry-After seconds.',
  soon,
)
export const DatabaseDown = problem(
  'DATABASE_UNAVAILABLE',
  503,
  'Database unavailable',
  'The database did not answer in time. Try again after Retry-After seconds.',
  soon,
)
export const StorageFull = problem(
  'STORAGE_FULL',
  507,
  'Storage full',
  'The server has no space left to store this. Nothing was changed.',
)
