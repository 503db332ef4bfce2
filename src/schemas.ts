import { type Static, type StringOptions, type TSchema, type TString, type TUnsafe, Type } from '@sinclair/typebox'
import type { ProblemClass, ProblemKind } from './errors.ts'

/** One of a list of words. (Type.Enum of an array is no `enum` in TypeBox 0.34, and a union serializes slowly.) */
export const words = <const W extends readonly string[]>(list: W, options = {}) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: list, ...options })

/** A string or null, as JSON Schema's list of types, which serializes faster than a union. */
export const nullable = (schema: TString) => Type.Unsafe<string | null>({ ...schema, type: ['string', 'null'] })

/** A schema by its $id, registered with `app.addSchema`: one component in the document. */
export const ref = <S extends TSchema>(schema: S) => Type.Unsafe<Static<S>>(Type.Ref(schema.$id as string))

/** RFC 3339 in UTC with milliseconds. */
export const Timestamp = (options = {}) =>
  Type.String({ format: 'date-time', maxLength: 24, examples: ['2026-01-31T09:00:00.000Z'], ...options })

/** Ids have at most 15 digits, so that each is exact in every JSON parser. */
const maxId = 999_999_999_999_999

export const Id = (options = {}) =>
  Type.Integer({ format: 'int64', minimum: 1, maximum: maxId, examples: [42], ...options })

export const IdParams = Type.Object({ id: Id({ description: 'Which one.' }) }, { additionalProperties: false })

const maxPageLength = 500

/** One page of a list, newest first, by keyset. */
export const PageQuery = Type.Object(
  {
    limit: Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: maxPageLength,
      default: 100,
      description: 'How many at most.',
      examples: [50],
    }),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]*$',
        maxLength: 15,
        description: 'Where the page starts: opaque, taken from the `next` link of the page before.',
        examples: ['1042'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type PageQuery = Static<typeof PageQuery>

/** The items of a page. */
export const page = <S extends TSchema>(items: S) => Type.Array(items, { maxItems: maxPageLength })

export const ProblemDocument = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      maxLength: 100,
      description: 'The page that explains this kind of problem.',
    }),
    title: Type.String({ maxLength: 100, description: 'The kind of problem, in words.' }),
    status: Type.Integer({ format: 'int32', minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ maxLength: 1000, description: 'What went wrong this time.' }),
    code: Type.String({
      pattern: '^[A-Z_]+$',
      maxLength: 50,
      description: 'The kind of problem, stable: decide by this.',
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            detail: Type.String({ maxLength: 1000, description: 'What is wrong with the value.' }),
            pointer: Type.Optional(
              Type.String({
                format: 'json-pointer',
                maxLength: 1000,
                description: 'JSON Pointer (RFC 6901) into the body.',
              }),
            ),
            parameter: Type.Optional(
              Type.String({ maxLength: 1000, description: 'Name of the query or path parameter.' }),
            ),
          },
          { additionalProperties: false },
        ),
        { maxItems: 20, description: 'What is wrong with the input, value by value.' },
      ),
    ),
  },
  { $id: 'Problem', additionalProperties: false, description: 'A problem document (RFC 9457).' },
)

/** A successful response: its body, what it means, and the headers it has beside the usual ones. */
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

// Fastify takes a response or body by content type; its types know only plain schemas.
type Answer<S extends TSchema> = TUnsafe<Static<S>>

const failure = (kinds: ProblemKind[]) =>
  ({
    description: kinds.map(({ title }) => title).join(', or: '),
    ...problemHeaders(kinds),
    content: {
      'application/problem+json': {
        schema: ref(ProblemDocument),
        examples: Object.fromEntries(
          kinds.map(({ type, title, status, code }) => [code, { value: { type, title, status, detail: title, code } }]),
        ),
      },
    },
  }) as unknown as TSchema

/** A header that not each of the kinds has is documented as one that may be absent. */
function problemHeaders(kinds: ProblemKind[]) {
  const names = [...new Set(kinds.flatMap(({ headers }) => Object.keys(headers)))]
  const isOnAll = (name: string) => kinds.every(({ headers }) => headers[name] !== undefined)
  const sometimes = (name: string) => ({ ...headers[name], description: `${headers[name]?.description} Or absent.` })
  if (names.length === 0) return {}
  return { headers: Object.fromEntries(names.map((name) => [name, isOnAll(name) ? headers[name] : sometimes(name)])) }
}

export const headersOf = (names: string[]): { headers?: Record<string, TString | undefined> } =>
  names.length === 0 ? {} : { headers: Object.fromEntries(names.map((name) => [name, headers[name]])) }

const header = (description: string, limits: StringOptions) => Type.String({ description, maxLength: 200, ...limits })

const headers: Record<string, TString> = {
  'cache-control': header('Who may keep the answer.', { enum: ['no-store', 'private, no-cache'] }),
  'content-disposition': header('What to save it as (RFC 6266).', { pattern: '^attachment; filename=' }),
  etag: header('A fingerprint of the body, for If-None-Match (RFC 9110).', { pattern: '^"[\\w-]+"$' }),
  link: header('The next page (RFC 8288); absent on the last one.', { pattern: '^<[^>]+>; rel="next"$' }),
  location: header('Where the new resource is.', { format: 'uri-reference' }),
  ratelimit: header('Requests that are left, and seconds until all are again (draft-ietf-httpapi-ratelimit-headers).', {
    pattern: '^"[a-z]+";r=[0-9]+;t=[0-9]+(, "[a-z]+";r=[0-9]+;t=[0-9]+)*$',
  }),
  'ratelimit-policy': header('Requests that may be sent in a window of so many seconds.', {
    pattern: '^"[a-z]+";q=[0-9]+;w=[0-9]+(, "[a-z]+";q=[0-9]+;w=[0-9]+)*$',
  }),
  'retry-after': header('Seconds to wait before trying again.', { pattern: '^[0-9]+$' }),
  'www-authenticate': header('How to authenticate (RFC 6750).', { pattern: '^Bearer' }),
}
