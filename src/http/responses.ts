import { type Static, type StringOptions, type TSchema, type TString, type TUnsafe, Type } from '@sinclair/typebox'
import { InvalidInput, type ProblemClass, type ProblemKind } from './problems.ts'
import { ProblemDocument, ref } from './schemas.ts'

/** A successful response: its body, what it means, and its headers in addition to the usual ones. */
export const result = <S extends TSchema>(schema: S, description: string, ...headers: string[]) =>
  ({ description, ...headersOf(headers), content: { 'application/json': { schema } } }) as unknown as Answer<S>

/** A successful response without a body. */
export const nothing = (description: string) => Type.Unsafe<undefined>({ type: 'null', description })

/** A request body by media type. */
export const bodies = <S extends TSchema>(byType: Record<string, S>) =>
  ({
    content: Object.fromEntries(Object.entries(byType).map(([type, schema]) => [type, { schema }])),
  }) as unknown as Answer<S>

/** The responses for the problems that a route can answer, by status. */
export function failures(...classes: ProblemClass[]): Record<number, TSchema> {
  const byStatus = Map.groupBy(classes, ({ kind }) => kind.status)
  return Object.fromEntries([...byStatus].map(([status, alike]) => [status, failure(alike.map(({ kind }) => kind))]))
}

/** The response with further headers. */
export const announcing = <R extends object>(response: R, ...names: string[]): R => ({
  ...response,
  headers: { ...('headers' in response ? (response.headers as object) : {}), ...headersOf(names).headers },
})

/** The response with further headers that it may have. */
export const perhapsAnnouncing = <R extends object>(response: R, ...names: string[]): R => {
  const optional = Object.entries(headersOf(names).headers ?? {}).map(([name, schema]) => {
    return [name, { ...schema, description: `${schema.description} It may be absent here.` }]
  })
  return {
    ...response,
    headers: { ...('headers' in response ? (response.headers as object) : {}), ...Object.fromEntries(optional) },
  }
}

// Fastify takes a response or body by content type; its types know only plain schemas.
type Answer<S extends TSchema> = TUnsafe<Static<S>>

const failure = (kinds: ProblemKind[]) => {
  const names = kinds.flatMap(({ headers }) => Object.keys(headers))
  const isSure = (name: string) => kinds.every(({ headers }) => name in headers)
  const response = {
    description: kinds.map(({ title }) => title).join(', or: '),
    ...headersOf(names.filter(isSure)),
    content: {
      'application/problem+json': {
        schema: ref(ProblemDocument),
        examples: Object.fromEntries(kinds.flatMap(examplesOf)),
      },
    },
  }
  return perhapsAnnouncing(response, ...names.filter((name) => !isSure(name))) as unknown as TSchema
}

/** What the problem is answered as, by name. Input can be wrong in the body and in the URL. */
function examplesOf({ type, title, status, code }: ProblemKind): [name: string, example: object][] {
  const example = { type, title, status, detail: title, code }
  if (code !== InvalidInput.kind.code) return [[code, { value: example }]]
  return [
    [code, { summary: 'In the body', value: wrong(example, 'title', 'is required', { pointer: '/title' }) }],
    [
      `${code}_PARAMETER`,
      {
        summary: 'In the URL',
        value: wrong(example, 'limit', 'must be an integer from 1 to 500', { parameter: 'limit' }),
      },
    ],
  ]
}

const wrong = (example: object, name: string, detail: string, place: object) => ({
  ...example,
  detail: `${name} ${detail}`,
  errors: [{ detail, ...place }],
})

export const headersOf = (names: string[]): { headers?: Record<string, TString> } =>
  names.length === 0 ? {} : { headers: Object.fromEntries(names.map((name) => documentedHeaders.get(name)!)) }

const header = (description: string, limits: StringOptions) => Type.String({ description, maxLength: 400, ...limits })

const headers: Record<string, TString> = {
  'Cache-Control': header('Whether caches may keep the answer.', {
    enum: ['no-store', 'no-cache', 'private, no-cache'],
  }),
  'Content-Disposition': header('The suggested file name (RFC 6266).', { pattern: '^attachment; filename=' }),
  ETag: header('The version of the representation, for If-None-Match and If-Match (RFC 9110).', {
    pattern: '^"[\\w-]+"$',
  }),
  'Idempotent-Replayed': header('That this is the answer to an earlier request with the same Idempotency-Key.', {
    enum: ['true'],
  }),
  Link: header('The address of the next page (RFC 8288); absent on the last page.', {
    pattern: '^<[^>]+>; rel="next"$',
  }),
  Location: header('The address of the new resource.', { format: 'uri-reference' }),
  'Preference-Applied': header('The preference that was followed (RFC 7240).', { enum: ['return=minimal'] }),
  RateLimit: header(
    'The number of requests left (r), and the seconds until the quota is full again (t); see draft-ietf-httpapi-ratelimit-headers.',
    {
      pattern: '^"[a-z]+";r=[0-9]+;t=[0-9]+(, "[a-z]+";r=[0-9]+;t=[0-9]+)*$',
    },
  ),
  'RateLimit-Policy': header('The number of requests allowed (q) in a window of seconds (w).', {
    pattern: '^"[a-z]+";q=[0-9]+;w=[0-9]+(, "[a-z]+";q=[0-9]+;w=[0-9]+)*$',
  }),
  'Retry-After': header('The number of seconds to wait before trying again.', { pattern: '^[0-9]+$' }),
  'WWW-Authenticate': header('How to authenticate (RFC 6750).', { pattern: '^Bearer' }),
}

const documentedHeaders = new Map(Object.entries(headers).map((entry) => [entry[0].toLowerCase(), entry]))
