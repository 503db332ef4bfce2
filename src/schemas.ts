import { type Static, type TSchema, type TString, type TUnsafe, Type } from '@sinclair/typebox'
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
  Type.String({ format: 'date-time', examples: ['2026-01-31T09:00:00.000Z'], ...options })

/** Ids have at most 15 digits, so that each is exact in every JSON parser. */
const maxId = 999_999_999_999_999

export const Id = (options = {}) => Type.Integer({ minimum: 1, maximum: maxId, examples: [42], ...options })

export const IdParams = Type.Object({ id: Id() }, { additionalProperties: false })

/** One page of a list, newest first, by keyset. */
export const PageQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'How many at most.', examples: [50] }),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,14}$',
        description: 'Where the page starts: opaque, taken from the `next` link of the page before.',
        examples: ['1042'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type PageQuery = Static<typeof PageQuery>

export const ProblemDocument = Type.Object(
  {
    type: Type.String({ format: 'uri-reference', description: 'The page that explains this kind of problem.' }),
    title: Type.String({ description: 'The kind of problem, in words.' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What went wrong this time.' }),
    code: Type.String({ description: 'The kind of problem, stable: decide by this.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            detail: Type.String({ description: 'What is wrong with the value.' }),
            pointer: Type.Optional(Type.String({ description: 'JSON Pointer (RFC 6901) into the body.' })),
            parameter: Type.Optional(Type.String({ description: 'Name of the query or path parameter.' })),
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
  ({ description, headers: headersOf(headers), content: { 'application/json': { schema } } }) as unknown as Answer<S>

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

// Fastify takes a response or body by content type; its types know only plain schemas.
type Answer<S extends TSchema> = TUnsafe<Static<S>>

const failure = (kinds: ProblemKind[]) =>
  ({
    description: kinds.map(({ title }) => title).join(', or: '),
    headers: headersOf(kinds.flatMap(({ headers }) => Object.keys(headers))),
    content: {
      'application/problem+json': {
        schema: ref(ProblemDocument),
        examples: Object.fromEntries(
          kinds.map(({ type, title, status, code }) => [code, { value: { type, title, status, detail: title, code } }]),
        ),
      },
    },
  }) as unknown as TSchema

const headersOf = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'string', description: headerDescriptions[name] }]))

const headerDescriptions: Record<string, string> = {
  'cache-control': 'no-store: a token is for nobody else.',
  etag: 'A fingerprint of the body, for If-None-Match (RFC 9110).',
  link: 'The next page, as `<…>; rel="next"` (RFC 8288); absent on the last one.',
  location: 'Where the new resource is.',
  'retry-after': 'Seconds to wait before trying again.',
  'www-authenticate': 'How to authenticate (RFC 6750).',
}
