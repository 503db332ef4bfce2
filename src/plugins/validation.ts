import { hash } from 'node:crypto'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, RouteOptions } from 'fastify'
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js'
import fp from 'fastify-plugin'
import { InvalidInput, MalformedRequest, type Problem, UnsupportedMediaType } from '../http/problems.ts'
import { normalizeEmail } from '../values/emails.ts'
import { isTimezone } from '../values/timezones.ts'
import { isDay } from '../values/walls.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the bytes of the body, where a request is to be recognized when it comes again. */
    bodyHash?: string
  }
  interface FastifyContextConfig {
    /** Whether a request without a body is one with an empty object. */
    isBodyOptional?: boolean
  }
}

/**
 * Decides which bodies are read: those of a type that the route's schema lists (JSON where it lists none), in UTF-8, without
 * content encoding. Fastify itself would take a missing or unlisted type to the handler unvalidated. And a route that
 * says nothing of a query has none.
 */
export const validation = fp(
  async function validation(app: FastifyInstance) {
    const parseJson = app.getDefaultJsonParser('error', 'error')
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    app.addContentTypeParser(
      ['application/json', 'application/merge-patch+json'],
      { parseAs: 'buffer' },
      (request, body, done) => {
        if (body.length === 0) return done(null) // many clients send the type with a DELETE
        if (request.headers['idempotency-key'] !== undefined) request.bodyHash = hash('sha256', body, 'base64url')
        let text: string
        try {
          text = utf8.decode(body as Buffer)
        } catch {
          return done(new MalformedRequest({ detail: 'The body is not valid UTF-8.' }))
        }
        void parseJson(request, text, done)
      },
    )

    app.addHook('onRoute', ({ schema }) => {
      if (schema && !schema.hide) schema.querystring ??= { type: 'object', properties: {}, additionalProperties: false }
    })

    app.addHook('onRoute', (route) => {
      if (!mayHaveBody(route)) return
      const accepted = acceptedTypes(route)
      route.preParsing = (request, _reply, payload, done) => {
        if (hasBody(request)) return done(mediaTypeProblem(request, accepted) ?? null, payload)
        // Many clients send a type with no body. Fastify would look for a parser of that type.
        if (!accepted.includes(request.mediaType ?? '')) delete request.headers['content-type']
        done(null, payload)
      }
      if (!route.schema?.body) return
      const { isBodyOptional = false } = route.config ?? {}
      route.preValidation = (request, _reply, done) => {
        if (isBodyOptional && request.body === undefined) request.body = {}
        done(request.body === undefined ? missingBody() : undefined)
      }
    })
  },
  { name: 'validation' },
)

/**
 * Input is strict: no value is coerced, dropped or replaced. Text in a URL becomes a number only where the schema says
 * integer and the text is a plain one (Ajv's coercion takes 0x1, 01 and 1e0), a boolean where it is true or false, and a
 * list where the parameter may be repeated; its values may be separated by commas, too. No string may hold U+0000 or a
 * lone surrogate, which databases store differently or not at all.
 */
export const buildValidator = ((sharedSchemas: Record<string, object>) => {
  const [byAllErrors, byFirstError] = [true, false].map((allErrors) => newAjv(sharedSchemas, allErrors)) as [
    Ajv2020,
    Ajv2020,
  ]

  return ({ schema, httpPart }: FastifyRouteSchemaDef<JsonSchema>) => {
    // A long list could be wrong in a hundred thousand places.
    const ajv = hasObjects(sharedSchemas[schema.$ref ?? ''] ?? schema) ? byFirstError : byAllErrors
    const validate = schema.anyOf ? compileChoice(ajv, schema.anyOf, sharedSchemas) : ajv.compile(schema)
    const known = closedFields(sharedSchemas[schema.$ref ?? ''] ?? schema)
    const conversions = httpPart === 'body' ? [] : conversionsIn(schema)
    const takesNothing = httpPart !== 'body' && schema.properties !== undefined && isEmpty(schema.properties)
    return (data: Record<string, unknown>) => {
      if (takesNothing && isEmpty(data)) return true
      // Ajv would make an error for each of thousands.
      const unknown = known && unknownFields(known, data)
      if (unknown?.length === maxErrors)
        return {
          error: invalid(
            unknown.map((name) => unknownField(name)),
            httpPart,
          ),
        }
      for (const [name, convert] of conversions) if (name in data) data[name] = convert(data[name])
      const isValid = validate(data)
      if (isValid && isWellFormed(data)) return true
      if (isValid) return { error: invalid(illFormedStrings(data), httpPart) }
      const errors = (validate.errors ?? []).slice(0, maxErrors)
      return { error: invalid(httpPart === 'body' ? distinct(errors.map(inputError)) : urlErrors(errors), httpPart) }
    }
  }
}) as unknown as BuildValidator // Fastify types this option by its own compiler, and calls it like any other

function newAjv(sharedSchemas: Record<string, object>, allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({ useDefaults: true, allErrors, verbose: true, allowUnionTypes: true, discriminator: true })
  formats.default(ajv)
  ajv.addFormat('idn-email', (text) => normalizeEmail(text) !== undefined)
  ajv.addFormat('local-date-time', (text) => isDay(text.slice(0, 10)))
  // Ajv goes on after maxLength was exceeded.
  ajv.addFormat('iana-timezone', (text) => text.length <= 64 && isTimezone(text))
  ajv.addSchema(Object.values(sharedSchemas))
  return ajv
}

/** Whether a body has a list of objects. */
const hasObjects = ({ properties = {} }: JsonSchema): boolean =>
  Object.values(properties).some(({ items }) => items?.type === 'object')

/** A body of 64 KiB could hold thousands of wrong fields: twenty are enough to see what is meant. */
const maxErrors = 20

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildValidator = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildValidator']>
type JsonSchema = {
  $ref?: string
  type?: string
  properties?: Record<string, { type?: string; items?: { type?: string } }>
  additionalProperties?: unknown
  anyOf?: { $ref: string }[]
}
type At = { at: string; detail: string }

/** The fields of a schema that takes no others. */
const closedFields = ({ properties, additionalProperties }: JsonSchema): Set<string> | undefined =>
  properties && additionalProperties === false ? new Set(Object.keys(properties)) : undefined

/** As many of them as are reported. */
function unknownFields(known: Set<string>, data: unknown): string[] {
  const unknown: string[] = []
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return unknown
  for (const name in data) {
    if (!known.has(name) && unknown.push(name) === maxErrors) break
  }
  return unknown
}

const pointerTo = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

const unknownField = (name: string, at = ''): At => ({
  at: `${at}${pointerTo(cut(name))}`,
  detail: 'is not known here',
})

type Validate = { (data: unknown): boolean; errors?: Partial<ErrorObject>[] | null }

/**
 * Validates against the one schema that the data names, in a field that is a list of words in each (`grant_type`), or
 * else against the first. Ajv's own anyOf would report what is wrong by every schema.
 */
function compileChoice(
  ajv: Ajv2020,
  alternatives: { $ref: string }[],
  sharedSchemas: Record<string, object>,
): Validate {
  const schemas = alternatives.map(({ $ref }) => sharedSchemas[$ref] as { properties: Record<string, Words> })
  const wordsOf = (schema: (typeof schemas)[0], name: string) => schema.properties[name]?.enum ?? []
  const [first] = schemas
  const name = Object.keys(first!.properties).find((name) =>
    schemas.every((schema) => wordsOf(schema, name).length > 0),
  )!
  const validators = new Map(
    schemas.flatMap((schema, i) => wordsOf(schema, name).map((word) => [word, ajv.compile(alternatives[i]!)])),
  )
  const [standard] = validators.values()
  const allowedValues = [...validators.keys()]

  const validate: Validate = (data) => {
    const word = (data as Record<string, unknown> | null)?.[name]
    const chosen = word === undefined ? standard! : validators.get(word as string)
    const isValid = chosen?.(data) ?? false
    validate.errors = chosen
      ? (chosen.errors ?? null)
      : [{ keyword: 'enum', instancePath: `/${name}`, params: { allowedValues } }]
    return isValid
  }
  return validate
}

type Words = { enum?: string[] }

const mayHaveBody = (route: RouteOptions) => !['GET', 'HEAD', 'OPTIONS'].includes(String(route.method))

const acceptedTypes = (route: RouteOptions): string[] =>
  Object.keys((route.schema?.body as { content?: object } | undefined)?.content ?? { 'application/json': {} })

/** RFC 9112, section 6: a message has a body when one of these headers says so. */
const hasBody = ({ headers }: FastifyRequest) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

function mediaTypeProblem({ mediaType, headers }: FastifyRequest, accepted: string[]): Problem | undefined {
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    return new UnsupportedMediaType({ detail: 'Send the body without content encoding.' })
  }
  const contentType = headers['content-type']
  if (contentType === undefined) return undefined
  if (!accepted.includes(mediaType ?? '')) {
    return new UnsupportedMediaType({ detail: `Send a body of type ${accepted.join(' or ')}.` })
  }
  const charset = /;\s*charset\s*=\s*"?([^";]*)/i.exec(contentType)?.[1]?.trim().toLowerCase()
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    return new UnsupportedMediaType({ detail: 'Send the body in UTF-8.' })
  }
  return undefined
}

const missingBody = () => invalid([{ at: '', detail: 'is required' }], 'body')

/** What text in a URL becomes, by the type in the schema. */
const converters: Record<string, (text: unknown) => unknown> = {
  integer: (text) => (typeof text === 'string' && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  array: (texts) => [texts].flat().flatMap((text) => String(text).split(',')),
}

const conversionsIn = (schema: JsonSchema) =>
  Object.entries(schema.properties ?? {}).flatMap(([name, { type = '' }]) => {
    const convert = converters[type]
    return convert ? [[name, convert] as const] : []
  })

function invalid(errors: At[], httpPart: string | undefined): Problem {
  const [first] = errors as [At]
  return new InvalidInput({
    detail: `${first.at.slice(1) || 'The body'} ${first.detail}`,
    errors: errors
      .slice(0, maxErrors)
      .map(({ at, detail }) =>
        httpPart === 'body' ? { detail, pointer: at } : { detail, parameter: at.split('/', 2)[1]! },
      ),
  })
}

function inputError({ keyword, instancePath = '', params = {}, message, parentSchema }: Partial<ErrorObject>): At {
  switch (keyword) {
    case 'required':
      return { at: instancePath + pointerTo(params.missingProperty), detail: 'is required' }
    case 'additionalProperties':
      return unknownField(params.additionalProperty, instancePath)
    case 'discriminator':
      return { at: `${instancePath}/${params.tag}`, detail: 'is not one of those that are known here' }
    case 'enum':
      return { at: instancePath, detail: `must be one of: ${params.allowedValues.join(', ')}` }
    case 'type':
    case 'minimum':
    case 'maximum':
      return { at: instancePath, detail: range(parentSchema) ?? message ?? 'is not allowed' }
    case 'dependentRequired':
    case 'minProperties':
    case 'not':
    case 'pattern':
      return { at: instancePath, detail: `is not valid: ${parentSchema?.description ?? params.pattern}` }
    case 'format':
      return {
        at: instancePath,
        detail: formatDetails[params.format] ?? range(parentSchema) ?? message ?? 'is not allowed',
      }
    default:
      return { at: instancePath, detail: message ?? 'is not allowed' }
  }
}

const formatDetails: Record<string, string> = {
  'local-date-time': 'must be a date and time like 2026-12-01T09:00:00',
  'idn-email': 'must be an address like ann@example.org',
  'iana-timezone': 'must be a time zone like Europe/Berlin',
}

/** A number may be refused for its type and for its format, and both say the same. */
const distinct = (errors: At[]): At[] =>
  errors.filter(({ at, detail }, i) => errors.findIndex((error) => error.at === at && error.detail === detail) === i)

/** Of a value in the URL, one error says all that is allowed: a text that is no number is wrong in several ways. */
function urlErrors(errors: Partial<ErrorObject>[]): At[] {
  // Of a list, which may be written in two ways, the parameter is wrong as a whole.
  const parameterOf = (at: string) => at.split('/', 2).join('/')
  const places = new Map(errors.map((error) => inputError(error)).map(({ at, detail }) => [parameterOf(at), detail]))
  for (const { instancePath = '', data, parentSchema } of errors) {
    const at = parameterOf(instancePath)
    if (at === '') continue
    if (Array.isArray(data) && parentSchema?.type !== 'array') places.set(at, 'must be given only once')
    else if (parentSchema?.pattern) places.set(at, `is not valid: ${parentSchema.description}`)
  }
  return [...places].map(([at, detail]) => ({ at, detail }))
}

const range = (schema: ErrorObject['parentSchema']): string | undefined =>
  schema?.type === 'integer' && schema.minimum !== undefined && schema.maximum !== undefined
    ? `must be an integer from ${schema.minimum} to ${schema.maximum}`
    : undefined

/** A name that we do not know may be as long as the body. */
const cut = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name)

function isEmpty(data: object): boolean {
  for (const _ in data) return false
  return true
}

// Only data that its closed schema took comes to these two, so that it is as deep as the schema.

/** Whether illFormedStrings would find none: asked of every input, it makes no lists. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  for (const name in value) if (!isWellFormed(value[name as never])) return false
  return true
}

function illFormedStrings(value: unknown, at = ''): At[] {
  if (typeof value === 'string') {
    if (value.includes('\0')) return [{ at, detail: 'must not contain U+0000' }]
    return value.isWellFormed() ? [] : [{ at, detail: 'must not contain a lone surrogate' }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => illFormedStrings(item, `${at}/${name}`))
}
