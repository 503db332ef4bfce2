import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, RouteOptions } from 'fastify'
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js'
import fp from 'fastify-plugin'
import { normalizeEmail } from '../auth/emails.ts'
import { InvalidInput, MalformedRequest, type Problem, UnsupportedMediaType } from '../errors.ts'
import { isTimezone } from '../users/timezones.ts'

/**
 * Which bodies are read at all: of a type that the route's schema lists (JSON where it lists none), in UTF-8, without
 * content encoding. Fastify itself would take a missing or unlisted type to the handler unvalidated. And a route that
 * says nothing of a query has none.
 */
export const validation = fp(
  async function validation(app: FastifyInstance) {
    app.removeAllContentTypeParsers()
    const parseJson = app.getDefaultJsonParser('error', 'error')
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    app.addContentTypeParser(
      ['application/json', 'application/merge-patch+json'],
      { parseAs: 'buffer' },
      (request, body, done) => {
        if (body.length === 0) return done(null) // many clients send the type with a DELETE, too
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
        done(mediaTypeProblem(request, accepted) ?? null, payload)
      }
      if (!route.schema?.body) return
      route.preValidation = (request, _reply, done) => {
        done(request.body === undefined ? missingBody() : undefined)
      }
    })
  },
  { name: 'validation' },
)

/**
 * Input is strict: no value is coerced, dropped or replaced. Text in a URL becomes a number only where the schema says
 * integer and the text is a plain one (Ajv's coercion takes 0x1, 01 and 1e0). No string may hold U+0000 or a lone
 * surrogate, which databases store differently or not at all.
 */
export const buildValidator = ((sharedSchemas: Record<string, object>) => {
  const ajv = new Ajv({ useDefaults: true, allErrors: true, verbose: true, allowUnionTypes: true })
  formats.default(ajv)
  ajv.addFormat('idn-email', (text) => normalizeEmail(text) !== undefined)
  ajv.addFormat('iana-timezone', isTimezone)
  ajv.addSchema(Object.values(sharedSchemas))

  return ({ schema, httpPart }: FastifyRouteSchemaDef<JsonSchema>) => {
    const validate = ajv.compile(schema)
    const integers = httpPart === 'body' ? [] : integersIn(schema)
    return (data: Record<string, unknown>) => {
      for (const name of integers) data[name] = integerFrom(data[name])
      const errors = validate(data) ? illFormedStrings(data) : (validate.errors ?? []).map(inputError)
      return errors.length === 0 || { error: invalid(errors, httpPart) }
    }
  }
}) as unknown as BuildValidator // Fastify types this option by its own compiler, and calls it like any other

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildValidator = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildValidator']>
type JsonSchema = { type?: string; properties?: Record<string, { type?: string }> }
type At = { at: string; detail: string }

const mayHaveBody = (route: RouteOptions) => !['GET', 'HEAD', 'OPTIONS'].includes(String(route.method))

const acceptedTypes = (route: RouteOptions): string[] =>
  Object.keys((route.schema?.body as { content?: object } | undefined)?.content ?? { 'application/json': {} })

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

const integersIn = (schema: JsonSchema) =>
  Object.entries(schema.properties ?? {}).flatMap(([name, { type }]) => (type === 'integer' ? [name] : []))

const integerFrom = (text: unknown) =>
  typeof text === 'string' && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : text

function invalid(errors: At[], httpPart: string | undefined): Problem {
  const [first] = errors as [At]
  return new InvalidInput({
    detail: `${first.at.slice(1) || 'The body'} ${first.detail}`,
    // A body of 64 KiB could hold thousands of wrong fields: twenty are enough to see what is meant.
    errors: errors
      .slice(0, 20)
      .map(({ at, detail }) => (httpPart === 'body' ? { detail, pointer: at } : { detail, parameter: at.slice(1) })),
  })
}

function inputError({ keyword, instancePath, params, message, parentSchema }: ErrorObject): At {
  const field = (name: string) => `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  switch (keyword) {
    case 'required':
      return { at: field(params.missingProperty), detail: 'is required' }
    case 'additionalProperties':
      return { at: field(cut(params.additionalProperty)), detail: 'is not known here' }
    case 'enum':
      return { at: instancePath, detail: `must be one of: ${params.allowedValues.join(', ')}` }
    case 'pattern':
      return { at: instancePath, detail: `does not fit: ${parentSchema?.description ?? params.pattern}` }
    default:
      return { at: instancePath, detail: message ?? 'is not allowed' }
  }
}

/** A name that we do not know may be as long as the body. */
const cut = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name)

/** Only data that its closed schema took comes here, so that it is as deep as the schema. */
function illFormedStrings(value: unknown, at = ''): At[] {
  if (typeof value === 'string') {
    if (value.includes('\0')) return [{ at, detail: 'must not contain U+0000' }]
    return value.isWellFormed() ? [] : [{ at, detail: 'must not contain a lone surrogate' }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) => illFormedStrings(item, `${at}/${name}`))
}
