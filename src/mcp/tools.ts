/** Tools of the Model Context Protocol, made from routes: their schemas are written once. */
import type { FastifyInstance, RouteOptions } from 'fastify'
import { scopeOf } from '../http/security.ts'
import type { Scope } from '../values/scopes.ts'

/** The operations that are tools, and what they are called: no account, session, token or file. */
const names: Record<string, string> = {
  listTasks: 'list_tasks',
  getTask: 'get_task',
  createTask: 'create_task',
  patchTask: 'update_task',
  completeTask: 'complete_task',
  skipTask: 'skip_task',
  moveTask: 'move_task',
  deleteTask: 'delete_task',
  restoreTask: 'restore_task',
  summarizeTasks: 'summarize_tasks',
  listCompletions: 'list_completions',
  listComments: 'list_comments',
  createComment: 'add_comment',
  listProjects: 'list_projects',
  createProject: 'create_project',
  listLabels: 'list_labels',
  getMe: 'get_me',
}

export interface Tool {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly scope: Scope | undefined
  readonly title: string
  readonly description: string
  readonly input: object
  /** Of what it answers, unless that is nothing; a list is `items` of an object. */
  readonly output: object | undefined
  readonly isList: boolean
  /** The part of a request that each argument belongs to. */
  readonly places: ReadonlyMap<string, 'params' | 'querystring' | 'body'>
}

type Json = Record<string, unknown>
interface ObjectSchema {
  properties?: Record<string, unknown>
  required?: string[]
}

/** A route that is a tool, in the instance that knows the schemas it refers to. */
export interface Found {
  readonly route: RouteOptions
  readonly instance: FastifyInstance
}

export const isTool = ({ schema, method }: RouteOptions): boolean =>
  method !== 'HEAD' && schema?.operationId !== undefined && schema.operationId in names

export function toolOf({ route, instance }: Found): Tool {
  const { method, url } = route
  const schema = route.schema!
  const schemas = instance.getSchemas() as Record<string, unknown>
  const parts = {
    params: inlined(schema.params, schemas),
    querystring: inlined(schema.querystring, schemas),
    body: inlined(contentOf(schema.body), schemas),
  }
  const properties: Json = {}
  const required: string[] = []
  const places = new Map<string, keyof typeof parts>()
  for (const [part, described] of Object.entries(parts) as [keyof typeof parts, ObjectSchema | undefined][]) {
    for (const [name, value] of Object.entries(described?.properties ?? {})) {
      properties[name] = value
      places.set(name, part)
      if (described?.required?.includes(name)) required.push(name)
    }
  }
  const [, success] = Object.entries(schema.response as Json).find(([status]) => status.startsWith('2'))!
  const output = inlined(contentOf(success), schemas) as { type?: string } | undefined
  const isList = output?.type === 'array'
  const listed = {
    type: 'object',
    properties: { items: output, next_cursor: { type: 'string', description: 'The `cursor` of the next page.' } },
    required: ['items'],
  }
  return {
    name: names[schema.operationId!]!,
    method: String(method),
    url,
    scope: scopeOf(route),
    title: schema.summary!,
    description: `${schema.summary}. ${schema.description}`,
    input: { type: 'object', properties, required, additionalProperties: false },
    output: isList ? listed : output?.type === 'null' ? undefined : output,
    isList,
    places,
  }
}

/** Of a body or an answer that is described by media type. */
const contentOf = (described: unknown): unknown => {
  const { content } = (described ?? {}) as { content?: Record<string, { schema: unknown }> }
  return content === undefined ? described : content['application/json']?.schema
}

/**
 * With the schemas that it refers to in their places. Formats are left to the route itself, and `$id`s would be there twice.
 */
function inlined(schema: unknown, schemas: Record<string, unknown>): unknown {
  if (schema === undefined) return undefined
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline)
    if (typeof value !== 'object' || value === null) return value
    const { $ref, $id: _id, format: _format, ...others } = value as Json
    if (typeof $ref === 'string') return inline(schemas[$ref.replace(/#$/, '')])
    return Object.fromEntries(Object.entries(others).map(([name, inner]) => [name, inline(inner)]))
  }
  return inline(JSON.parse(JSON.stringify(schema)))
}
