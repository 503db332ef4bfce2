import { type Static, Type } from '@sinclair/typebox'
import type { preSerializationHookHandler, RouteOptions } from 'fastify'
import { ProblemDocument, ref, words } from '../http/schemas.ts'

const formType = 'application/x-www-form-urlencoded'

const oauthErrors = [
  'invalid_grant',
  'invalid_request',
  'unsupported_grant_type',
  'temporarily_unavailable',
  'server_error',
] as const
type OAuthErrorCode = (typeof oauthErrors)[number]

/** RFC 6749, section 5.2: what a token endpoint answers to a form, beside the members of a problem document. */
export const OAuthError = Type.Object(
  {
    error: words(oauthErrors, { description: 'The kind of error, as OAuth2 clients know it.' }),
    error_description: Type.String({
      maxLength: 1000,
      pattern: '^[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*$',
      description: 'The detail of the problem, in ASCII.',
    }),
    ...ProblemDocument.properties,
  },
  {
    $id: 'OAuthError',
    additionalProperties: false,
    description: 'An error of the OAuth2 token endpoint (RFC 6749, section 5.2) that is a problem document too.',
  },
)
type OAuthError = Static<typeof OAuthError>
type AnyProblem = Static<typeof ProblemDocument>

/** Answers problems of form requests as OAuth2 clients read them. JSON requests are answered as everywhere. */
export const answerAsOAuth: preSerializationHookHandler<unknown> = (request, reply, payload, done) => {
  if (request.mediaType !== formType || reply.statusCode < 400) return done(null, payload)
  const problem = payload as AnyProblem
  const status = statusOf(reply.statusCode)
  reply.code(status).type('application/json').removeHeader('www-authenticate')
  const { detail } = problem
  const answer: OAuthError = { error: errorOf(problem), error_description: ascii(detail), ...problem, status }
  done(null, answer)
}

/** Documents these answers on a route that takes a form; for an `onRoute` hook that runs after those that add problems. */
export function documentOAuthErrors({ schema }: RouteOptions): void {
  const body = schema?.body as { content?: Record<string, object> } | undefined
  if (!schema || !body?.content?.[formType]) return
  const responses = schema.response as Record<string, Documented>
  const examples = Object.entries(responses).flatMap(([status, response]) => examplesOf(status, response))
  schema.response = {
    ...responses,
    ...Object.fromEntries(
      [...Map.groupBy(examples, ({ status }) => status)].map(([status, alike]) => [
        status,
        withOAuthErrors(responses[status]!, Object.fromEntries(alike.map(({ code, value }) => [code, { value }]))),
      ]),
    ),
  }
}

interface Documented {
  headers?: object
  content?: Record<string, { schema: object; examples?: Record<string, { value: AnyProblem }> }>
}

function examplesOf(documentedStatus: string, { content }: Documented) {
  const examples = Object.entries(content?.['application/problem+json']?.examples ?? {})
  return examples.map(([code, { value }]) => {
    const status = statusOf(Number(documentedStatus))
    return { status, code, value: { error: errorOf(value), error_description: value.detail, ...value, status } }
  })
}

const withOAuthErrors = (response: Documented, examples: object) => ({
  ...response,
  content: { ...response.content, 'application/json': { schema: ref(OAuthError), examples } },
})

/** RFC 6749 has 400 for what is wrong with a grant or a request. */
const statusOf = (status: number) => (status === 401 || status === 422 ? 400 : status)

function errorOf({ status, code, errors = [] }: AnyProblem): OAuthErrorCode {
  if (status === 401) return 'invalid_grant'
  if (status === 429 || status === 503) return 'temporarily_unavailable'
  if (status >= 500) return 'server_error'
  const isGrantUnknown = code === 'INVALID_INPUT' && errors.some(({ pointer }) => pointer === '/grant_type')
  return isGrantUnknown ? 'unsupported_grant_type' : 'invalid_request'
}

/** RFC 6749, section 5.2, allows no other characters. */
const ascii = (text: string) => text.replaceAll('"', "'").replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
