import { type Static, type TInteger, type TSchema, type TString, Type } from '@sinclair/typebox'

/** One of a list of words; with a title, one component in the document. (Type.Enum of an array is no `enum` in TypeBox 0.34, and a union serializes slowly.) */
export const words = <const W extends readonly string[]>(list: W, options = {}) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: list, ...options })

/** A string or null, as JSON Schema's list of types, which serializes faster than a union. */
export const nullable = (schema: TString) => Type.Unsafe<string | null>({ ...schema, type: ['string', 'null'] })

/** An integer or null. */
export const nullableInteger = (schema: TInteger) =>
  Type.Unsafe<number | null>({ ...schema, type: ['integer', 'null'] })

/** A value that a request may leave out, since it has a default: validation fills it in, so that a handler has it. */
export const defaulted = <S extends TSchema>(schema: S): S => Type.Optional(schema) as unknown as S

/** A schema by its $id, registered with `app.addSchema`: one component in the document. */
export const ref = <S extends TSchema>(schema: S) => Type.Unsafe<Static<S>>(Type.Ref(schema.$id as string))

/** RFC 3339 in UTC with milliseconds. */
export const Timestamp = (options = {}) =>
  Type.String({ format: 'date-time', maxLength: 24, examples: ['2026-01-31T09:00:00.000Z'], ...options })

/** The ETag of what carries it: If-Match for a client that read it in a list. */
export const Etag = (options = {}) =>
  Type.String({
    pattern: '^"[\\w-]+"$',
    maxLength: 100,
    description: 'Its ETag, for `If-Match`.',
    examples: ['"1-2a-x7Qk3w"'],
    ...options,
  })

/** Of a project or a label. */
export const Color = nullable(
  Type.String({
    pattern: '^#[0-9a-f]{6}$',
    maxLength: 7,
    description: 'A color as red, green and blue in lower case: `#rrggbb`; or null.',
    examples: ['#1e90ff'],
  }),
)

/** Ids have at most 15 digits, so that each is exact in every JSON parser. */
const maxId = 999_999_999_999_999

export const Id = (options = {}) =>
  Type.Integer({ format: 'int64', minimum: 1, maximum: maxId, examples: [42], ...options })

export const IdParams = Type.Object(
  { id: Id({ description: 'The id of the resource.' }) },
  { additionalProperties: false },
)

export const ProblemDocument = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      maxLength: 400,
      description: 'The address of the page that explains this kind of problem.',
      examples: ['/problems#invalid-input'],
    }),
    title: Type.String({ maxLength: 100, description: 'The kind of problem, in words.', examples: ['Invalid input'] }),
    status: Type.Integer({
      format: 'int32',
      minimum: 400,
      maximum: 599,
      description: 'The HTTP status.',
      examples: [422],
    }),
    detail: Type.String({
      maxLength: 1000,
      description: 'What went wrong in this request.',
      examples: ['title is required'],
    }),
    code: Type.String({
      pattern: '^[A-Z_]+$',
      maxLength: 50,
      description: 'The kind of problem. It never changes, so branch on this.',
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            detail: Type.String({
              maxLength: 1000,
              description: 'What is wrong with the value.',
              examples: ['is required'],
            }),
            pointer: Type.Optional(
              Type.String({
                format: 'json-pointer',
                maxLength: 1000,
                description: 'JSON Pointer (RFC 6901) into the body.',
                examples: ['/title'],
              }),
            ),
            parameter: Type.Optional(
              Type.String({
                maxLength: 1000,
                description: 'The name of the query, path or header parameter.',
                examples: ['limit'],
              }),
            ),
          },
          { additionalProperties: false },
        ),
        { maxItems: 20, description: 'The invalid values, at most twenty.' },
      ),
    ),
  },
  { $id: 'Problem', additionalProperties: false, description: 'A problem document (RFC 9457).' },
)
export type ProblemDocument = Static<typeof ProblemDocument>
