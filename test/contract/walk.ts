import type { LightMyRequestResponse } from 'fastify'
import type { buildApp } from '../../src/app.ts'
import type { Query } from '../../src/database/database.ts'
import type { people } from '../support/app.ts'
import { type OpenApi, type Operation, openApi, type Schema } from '../support/openapi.ts'
import type { startSmtp } from '../support/smtp.ts'
import { makers } from './recipes.ts'

export type App = Awaited<ReturnType<typeof buildApp>>

/**
 * What a walk over the operations needs: the document, two people and any number of newcomers, a way to send, sight of
 * all that is stored, and, for operations that mail, of the mails.
 */
export type World = ReturnType<typeof world>

export function world(app: App, as: ReturnType<typeof people>, smtp?: Smtp) {
  const api = openApi(app)
  let newcomers = 0
  const newcomer = () => as(`newcomer${++newcomers}`)
  return { api, ann: as('ann'), bob: as('bob'), newcomer, smtp, stored: () => stored(app), ...sending(app, api) }
}

type Smtp = Awaited<ReturnType<typeof startSmtp>>

export interface Request {
  /** The path parameter, as it stands in the URL. */
  id?: string
  query?: string
  headers?: Record<string, string>
  body?: string | undefined
  type?: string | undefined
}

export interface Walk {
  /** The operations that were seen, by their ids. */
  seen: string[]
  /** What is wrong with them. */
  findings: string[]
}

interface Step {
  operation: Operation
  /** Sends a request to the operation. That the answer is as documented is part of every walk. */
  send: (request: Request) => Promise<LightMyRequestResponse>
  find: (text: string) => void
}

export async function walk(world: World, operations: Operation[], visit: (step: Step) => Promise<void>): Promise<Walk> {
  const findings = new Set<string>()
  for (const operation of operations) {
    const find = (text: string) => void findings.add(`${operation.operationId}: ${text}`)
    const send = async (request: Request) => {
      const { response, faults } = await world.send(operation, request)
      faults.forEach(find)
      return response
    }
    try {
      await visit({ operation, find, send })
    } catch (error) {
      if (!(error instanceof NotMade)) throw error
      find(error.message)
    }
  }
  return { seen: operations.map(({ operationId }) => operationId), findings: [...findings] }
}

function sending(app: App, api: OpenApi) {
  const inject = async (method: string, url: string, { headers = {}, body, type }: Request = {}) => {
    const response = await app.inject({
      method: method as 'GET',
      url,
      headers: { ...headers, ...(type !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { payload: body }),
    })
    return { response, faults: api.faults(method, url, response) }
  }
  const send = (operation: Operation, request: Request) => {
    const url = urlOf(operation, request.id) + (request.query === undefined ? '' : `?${request.query}`)
    return inject(operation.method.toUpperCase(), url, request)
  }
  /** What answers JSON sent there, past the operations; as documented, it too. */
  const post = async (url: string, body: object, headers = {}) => {
    const { response, faults } = await inject('POST', url, {
      headers,
      type: 'application/json',
      body: JSON.stringify(body),
    })
    if (response.statusCode >= 300 || faults.length > 0)
      throw new Error(`POST ${url}: ${faults.join() || response.body}`)
    return response.body === '' ? undefined : response.json()
  }
  return { inject, send, post }
}

/** Of a path with two ids, `id` has both: `7|3`. */
export function urlOf({ path }: { path: string }, id = '1'): string {
  const [first = '', second = '1'] = id.split('|')
  return path.replace(/\{\w+\}/, () => first).replace(/\{\w+\}/, () => second)
}

export const isPrivate = ({ path }: Operation) => path.includes('{')

export type Person = World['ann']

export const bearer = async (person: Person) => ({ authorization: `Bearer ${await person.token}` })

/** A request that should succeed: the document's own example. */
export const exampleRequest = (api: OpenApi, operation: Operation): Request => exampleRequests(api, operation)[0]!

/** And in each content type: as the document has it, with every field, with those alone that are required, and with null wherever it may be. */
export function exampleRequests(api: OpenApi, operation: Operation): Request[] {
  const query = requiredQuery(operation)
  const asked = query === '' ? {} : { query }
  return exampleBodies(api, operation).map((request) => ({ ...request, ...asked }))
}

/** What the query must have, but for one parameter. */
export const requiredQuery = ({ parameters = [] }: Operation, without?: string): string =>
  parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required && parameter.name !== without)
    .map(({ name, schema }) => `${name}=${schema.examples?.[0]}`)
    .join('&')

function exampleBodies(api: OpenApi, { requestBody }: Operation): Request[] {
  if (!requestBody) return [{}]
  return Object.entries(requestBody.content).flatMap(([type, { schema: reference, example: whole }]) => {
    const schema = api.resolve(reference)
    const example = exampleOf(api, schema) as Record<string, unknown>
    if (schema.properties === undefined) return [{ type, body: encoded(type, example) }]
    const keep = (fits: (name: string) => unknown, otherwise?: null) =>
      Object.fromEntries(Object.entries(example).map(([name, value]) => [name, fits(name) ? value : otherwise]))
    const least = keep((name) => schema.required?.includes(name))
    const cleared = keep((name) => !api.resolve(schema.properties![name]!).type?.includes('null'), null)
    return [...new Set([example, whole ?? example, least, cleared].map((body) => encoded(type, body)))].map((body) => ({
      type,
      body,
    }))
  })
}

export const encoded = (type: string, value: unknown): string =>
  typeof value === 'string'
    ? value
    : type === formType
      ? new URLSearchParams(JSON.parse(JSON.stringify(value))).toString() // without what is undefined
      : JSON.stringify(value)

export const decoded = (type: string, body: string): object =>
  type === formType ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body)

export const formType = 'application/x-www-form-urlencoded'

export function exampleOf(api: OpenApi, reference: Schema): unknown {
  const schema = api.resolve(reference)
  if (schema.properties && !schema.examples) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, exampleOf(api, field)]))
  }
  return schema.examples?.[0] ?? schema.enum?.[0]
}

/** What a path's id names, made anew for its owner: by its recipe, or by POST to the collection, from its Location. */
export async function make(world: World, operation: Operation, owner: Person): Promise<string> {
  const path = operation.path.slice(0, operation.path.indexOf('/{'))
  const maker = makers[operation.operationId] ?? makers[path]
  if (maker) return maker(world, owner)
  const post = world.api.operations.find((other) => other.path === path && other.method === 'post')
  if (!post) throw new Error(`no POST ${path} makes what ${operation.path} names: teach makers another way`)
  const send = async (request: Request) => (await world.send(post, request)).response
  const example = { ...exampleRequest(world.api, post), headers: await bearer(owner) }
  const response = await underAnotherName(world.api, post, example, send)
  if (response.statusCode !== 201) {
    throw new NotMade(`POST ${path} makes no ${operation.path}: it answers ${response.statusCode}, not 201`)
  }
  return String(response.headers.location).split('/').at(-1)!
}

/** A walk cannot go on to what an id names, since nothing was made that it could name. */
class NotMade extends Error {}

/** Sends the request; on a 409, once more with other texts in its body: what it names may be there already. */
export async function underAnotherName(
  api: OpenApi,
  operation: Operation,
  request: Request,
  send: (request: Request) => Promise<LightMyRequestResponse>,
): Promise<LightMyRequestResponse> {
  const response = await send(request)
  const { type = '', body } = request
  const media = operation.requestBody?.content[type]
  if (response.statusCode !== 409 || !media || body === undefined) return response
  const { properties = {} } = api.resolve(media.schema)
  const isText = (name: string) => {
    const { type, enum: list, format, pattern = '', examples } = api.resolve(properties[name] ?? {})
    const isFree = list === undefined && format === undefined && new RegExp(pattern, 'u').test(`${examples?.[0]} 1`)
    return [type].flat().includes('string') && isFree
  }
  const fields = Object.entries(decoded(type, body)).map(([name, value]) => [
    name,
    isText(name) && value !== null ? `${value} ${++renamed}` : value,
  ])
  return send({ ...request, body: encoded(type, Object.fromEntries(fields)) })
}

let renamed = 0

/** Every row of every table. */
async function stored({ db }: App): Promise<string> {
  const tables = Object.values(db.tables).map(
    (table): Query<unknown> =>
      ({ select }) =>
        select().from(table),
  )
  const rows = await Promise.all(tables.map((table) => db.all(table, {})))
  return rows.map((ofTable) => ofTable.map((row) => JSON.stringify(row)).sort()).join('\n')
}
