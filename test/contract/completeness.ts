import type { Document, OpenApi, Operation, Schema } from '../support/openapi.ts'
import { problemType } from '../support/openapi.ts'

/** What the document leaves unsaid that a reader or a client needs. */
export function gaps({ document, operations, resolve }: OpenApi): string[] {
  const ids = operations.map(({ operationId }) => operationId)
  return [
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${id} is the name of two operations`),
    ...operations.flatMap((operation) =>
      [...gapsOf(operation, document, resolve)].map((gap) => `${nameOf(operation)} ${gap}`),
    ),
    ...Object.entries(document.components.schemas).flatMap(([name, schema]) => [...openObjects(schema, name)]),
    ...operations.flatMap((operation) =>
      schemasOf(operation).flatMap((schema) => [...openObjects(schema, nameOf(operation))]),
    ),
  ]
}

const nameOf = ({ method, path }: Operation) => `${method.toUpperCase()} ${path}`

function* gapsOf(
  operation: Operation,
  { security, tags: described }: Document,
  resolve: OpenApi['resolve'],
): Generator<string> {
  const { operationId, summary, description, tags = [], parameters = [], requestBody, responses } = operation
  if (!operationId) yield 'has no operationId'
  if (!summary) yield 'has no summary'
  if (!description) yield 'has no description'
  if (tags.length === 0) yield 'has no tag'
  for (const tag of tags) {
    if (!described.some(({ name }) => name === tag)) yield `has the tag ${tag}, which nothing describes`
  }
  if ((operation.security ?? security) === undefined) yield 'does not say whether it needs a token'

  for (const { name, description, required, schema } of parameters) {
    if (!description) yield `does not describe its parameter ${name}`
    if (!schema.examples) yield `has no example of its parameter ${name}`
    if (required && schema.default !== undefined) yield `demands its parameter ${name}, which has a default`
  }
  const demands = Object.values(requestBody?.content ?? {}).some(({ schema }) => resolve(schema).required?.length)
  if (requestBody && !requestBody.required && demands) yield 'has a body that may be missing'
  for (const [type, { schema, example }] of Object.entries(requestBody?.content ?? {})) {
    yield* unexemplified(schema, resolve, `its ${type} body`)
    if (example === undefined) yield `has no example of its ${type} body as a whole`
    // Generated types demand a field that has one, whatever `required` says.
    for (const [name, field] of Object.entries(resolve(schema).properties ?? {}))
      if (resolve(field).default !== undefined) yield `has a default of ${name} in its ${type} body`
  }

  if (!Object.keys(responses).some((status) => status.startsWith('2'))) yield 'has no successful answer'
  for (const [status, { description, headers = {}, content = {} }] of Object.entries(responses)) {
    if (!description || description === 'Default Response') yield `does not describe its ${status}`
    for (const name of Object.keys(headers))
      if (!headers[name]?.description) yield `does not describe ${name} of its ${status}`
    if (Number(status) < 400) {
      for (const [type, { schema }] of Object.entries(content))
        yield* unexemplified(schema, resolve, `its ${type} ${status}`)
    } else {
      const { schema, examples = {} } = content[problemType] ?? {}
      const types = Object.keys(content).filter((type) => !isOAuthError(operation, type, content[type]!.schema))
      if (types.length !== 1 || schema?.$ref !== '#/components/schemas/Problem')
        yield `has a ${status} that is no problem document`
      if (Object.keys(examples).length === 0) yield `has no example of its ${status}`
    }
  }
}

/** Forms are answered as OAuth2 clients read them, with the members of a problem document. */
const isOAuthError = ({ requestBody }: Operation, type: string, { $ref }: Schema) =>
  type === 'application/json' &&
  $ref === '#/components/schemas/OAuthError' &&
  requestBody?.content['application/x-www-form-urlencoded'] !== undefined

/** The fields that have no example, nor a list of words. */
function* unexemplified(reference: Schema, resolve: OpenApi['resolve'], where: string): Generator<string> {
  const schema = resolve(reference)
  if (schema.examples || schema.enum) return
  if (schema.items) return yield* unexemplified(schema.items, resolve, where)
  if (!schema.properties) yield `has no example of ${where}`
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    yield* unexemplified(field, resolve, `${name} in ${where}`)
}

const schemasOf = ({ requestBody, responses }: Operation): Schema[] =>
  [requestBody, ...Object.values(responses)].flatMap((part) =>
    Object.values(part?.content ?? {}).map(({ schema }) => schema),
  )

/** Schemas of objects that take, or may hold, more than they say; what a schema says of further fields is said. */
function* openObjects(schema: Schema, where: string): Generator<string> {
  const isDescribed = schema.additionalProperties === false || typeof schema.additionalProperties === 'object'
  if ([schema.type].flat().includes('object') && !isDescribed && !schema.oneOf) yield `${where} is open`
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* openObjects(field, `${where}/${name}`)
  if (schema.items) yield* openObjects(schema.items, `${where}/items`)
}
