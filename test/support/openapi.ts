import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'

/** The parts of an OpenAPI 3.1 document that tests read. */
export interface Document {
  openapi: string
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, DocumentedOperation>>
  components: {
    schemas: Record<string, Schema>
    responses: Record<string, DocumentedResponse>
    headers: Record<string, DocumentedHeader>
  }
  security: object[]
}

interface DocumentedOperation {
  operationId: string
  summary?: string
  description?: string
  tags?: string[]
  security?: object[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Content }
  responses: Record<string, DocumentedResponse>
}

export interface Operation extends DocumentedOperation {
  method: string
  path: string
  /** Whether it asks for no token. */
  isOpen: boolean
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  description?: string
  required?: boolean
  schema: Schema
}

interface DocumentedHeader {
  $ref?: string
  description: string
  schema: Schema
}

interface DocumentedResponse {
  $ref?: string
  description: string
  headers?: Record<string, DocumentedHeader>
  content?: Content
}

type Content = Record<string, { schema: Schema; example?: object; examples?: Record<string, { value: unknown }> }>

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  format?: string
  description?: string
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  default?: unknown
  additionalProperties?: boolean | Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  not?: Schema
  pattern?: string
  items?: Schema
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
}

export type OpenApi = ReturnType<typeof openApi>

/** The app's document, and what it says of a given answer. */
export function openApi(app: FastifyInstance) {
  const document = withPartsInPlace(app.swagger() as unknown as Document)
  const operations = operationsOf(document)
  const schemaAt = schemas(document)
  const isProblem = schemaAt('components', 'schemas', 'Problem')

  return {
    document,
    operations,

    /** A schema, followed if it is a reference; the first of several. */
    resolve(schema: Schema): Schema {
      const { $ref } = schema.anyOf?.[0] ?? schema
      const name = $ref?.replace('#/components/schemas/', '')
      return name === undefined ? schema : document.components.schemas[name]!
    },

    /** How an answer differs from what the document says; empty when it does not. */
    faults(method: string, url: string, response: LightMyRequestResponse): string[] {
      const operation = isDecodable(url) ? operationAt(operations, method, url) : undefined
      const { statusCode: status } = response
      const documented = operation?.responses[status]
      const said = `${method} ${url.slice(0, 100)} answered ${status}`
      if (status === 500) return [`${said}, which is a fault of the server: ${response.body}`]
      if (!documented) {
        const isOutside = !operation || beforeOperations.has(status)
        if (!isOutside) return [`${said}, which is not documented`]
        if (status < 400 || method === 'HEAD' || isProblemDocument(response, isProblem)) return []
        return [`${said} with no problem document`]
      }
      const at = ['paths', operation.path, operation.method, 'responses', String(status)]
      return [
        ...headerFaults(response, documented, (name) => schemaAt(...at, 'headers', name, 'schema')),
        ...(method === 'HEAD'
          ? []
          : bodyFaults(response, documented, (type) => schemaAt(...at, 'content', type, 'schema'))),
      ].map((fault) => `${said}, ${fault}`)
    },
  }
}

/** From now on an answer that is not as the document says fails the test that gets it. */
export function keepToDocument<App extends FastifyInstance>(app: App): App {
  const { faults } = openApi(app)
  const inject = app.inject.bind(app) as (options: InjectOptions | string) => Promise<LightMyRequestResponse>
  app.inject = (async (options: InjectOptions | string) => {
    const response = await inject(options)
    const { method = 'GET', url } = typeof options === 'string' ? { url: options } : options
    const found = faults(method, url as string, response)
    expect(found, found.join('\n')).toEqual([])
    return response
  }) as App['inject']
  return app
}

/** Answered before there is an operation: of HTTP itself, and so on no operation's list. */
const beforeOperations = new Set([405, 417, 431])

function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method,
      path,
      isOpen: operation.security?.length === 0,
    })),
  )
}

/** The document with the responses and headers themselves where it refers to them. */
function withPartsInPlace(document: Document): Document {
  const copy = structuredClone(document)
  const { responses: answers, headers: known } = copy.components
  for (const { responses } of operationsOf(copy)) {
    for (const [status, { $ref }] of Object.entries(responses)) {
      if ($ref) responses[status] = answers[nameIn($ref)]!
      const { headers = {} } = responses[status]!
      for (const [name, { $ref }] of Object.entries(headers)) if ($ref) headers[name] = known[nameIn($ref)]!
    }
  }
  return copy
}

const nameIn = (reference: string) => reference.slice(reference.lastIndexOf('/') + 1)

/** A path that cannot be decoded is refused before there is a route. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url.split('?', 1)[0]!)
    return true
  } catch {
    return false
  }
}

/** HEAD is answered as GET is. A path without parameters goes before one with them. */
function operationAt(operations: Operation[], method: string, url: string): Operation | undefined {
  const path = url.split('?', 1)[0]!.replace(/(?<=.)\/$/, '')
  const name = method === 'HEAD' ? 'get' : method.toLowerCase()
  const fits = ({ path: template }: Operation) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
  return operations
    .filter((operation) => operation.method === name && fits(operation))
    .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0]
}

/** Compiles the schema at a place in the document. */
function schemas(document: Document) {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true })
  formats.default(ajv)
  ajv.addFormat('idn-email', /^[^\s@]+@[^\s@]+$/)
  ajv.addFormat('iana-timezone', /^\w[\w+/-]*$/)
  ajv.addFormat('local-date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  ajv.addVocabulary(Object.keys(document)) // which strict mode would not know in a schema
  ajv.addSchema(document, 'document')
  return (...path: string[]): ValidateFunction => {
    const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    return ajv.getSchema(`document#/${pointer}`)!
  }
}

type Compiled = (name: string) => ValidateFunction

function headerFaults(
  { headers }: LightMyRequestResponse,
  documented: DocumentedResponse,
  schemaOf: Compiled,
): string[] {
  const faults: string[] = []
  const known = new Set(Object.keys(documented.headers ?? {}).map((name) => name.toLowerCase()))
  for (const [documentedName, { description }] of Object.entries(documented.headers ?? {})) {
    const name = documentedName.toLowerCase()
    const validate = schemaOf(documentedName)
    if (headers[name] === undefined) {
      if (!description.includes('absent')) faults.push(`without its header ${name}`)
    } else if (!validate(headers[name])) faults.push(`${name} ${textOf(validate)}`)
  }
  const unknown = Object.keys(headers).filter((name) => !usualHeaders.has(name) && !known.has(name))
  return [...faults, ...unknown.map((name) => `with the header ${name}, which is not documented`)]
}

/** What HTTP, browsers and proxies read on every answer; CORS adds its own where it is on. */
const usualHeaders = new Set([
  ...['connection', 'transfer-encoding', 'content-length', 'content-type', 'date', 'vary', 'x-request-id'],
  ...['access-control-allow-origin', 'access-control-expose-headers', 'strict-transport-security'],
  ...['content-security-policy', 'referrer-policy', 'x-content-type-options'],
])

function bodyFaults(response: LightMyRequestResponse, { content }: DocumentedResponse, schemaOf: Compiled): string[] {
  const type = mediaTypeOf(response)
  if (!content) return response.body === '' && type === undefined ? [] : ['with a body, which is not documented']
  if (type === undefined || !content[type]) return [`as ${type}, which is not documented`]

  const body = type.endsWith('json') ? parsed(response) : response.body
  const validate = schemaOf(type)
  if (!validate(body)) return [`body${textOf(validate)}`]
  const { code, status } = body as { code: string; status: number }
  if (response.statusCode < 400) return []
  if (status !== response.statusCode) return [`saying ${status} in its body`]
  return content[type].examples?.[code] ? [] : [`as ${code}, which is not documented`]
}

export const problemType = 'application/problem+json'

const isProblemDocument = (response: LightMyRequestResponse, validate: ValidateFunction) =>
  mediaTypeOf(response) === problemType && validate(parsed(response))

const mediaTypeOf = ({ headers }: LightMyRequestResponse) => headers['content-type']?.toString().split(';', 1)[0]

function parsed({ body }: LightMyRequestResponse): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const textOf = ({ errors }: ValidateFunction) =>
  (errors ?? [])
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .join()
