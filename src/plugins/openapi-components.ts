import type { OpenAPIV3_1 as V3 } from 'openapi-types'
import { problems } from '../http/problems.ts'

/**
 * The document as generators and readers want it, from the one that @fastify/swagger makes: what several operations
 * share is a component, and request bodies have examples as a whole.
 */
export function withComponents(
  document: Partial<V3.Document>,
  hasOptionalBody: (operationId: string) => boolean,
): Partial<V3.Document> {
  const { components = {}, paths = {} } = document
  const schemas = (components.schemas ?? {}) as Record<string, Schema>
  const pools: Pools = { schemas, headers: {}, responses: {} }

  listCodes(schemas.Problem)
  for (const schema of Object.values(schemas)) nameWords(schema, schemas)
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item ?? {}) as V3.OperationObject[]) {
      shareParts(operation, pools)
      if (hasOptionalBody(operation.operationId!)) (operation.requestBody as V3.RequestBodyObject).required = false
    }
  }
  return { ...document, components: { ...components, ...pools } as V3.ComponentsObject }
}

type Schema = V3.BaseSchemaObject & { title?: string; items?: Schema; $ref?: string }
type Pools = { schemas: Record<string, Schema>; headers: object; responses: object }
type Response = V3.ResponseObject & { headers?: Record<string, V3.HeaderObject> }

/** Generated clients offer the codes: all that the loaded modules declare. */
function listCodes(problem: Schema | undefined) {
  const code = problem?.properties?.code as Schema | undefined
  if (!code) return
  const { description } = code
  const words = { type: 'string', enum: problems().map(({ code }) => code), title: 'ProblemCode' }
  problem!.properties!.code = { ...words, description } as V3.SchemaObject
}

/** A list of words that has a title becomes a component, so that generated types have its name. */
function nameWords(schema: Schema, schemas: Record<string, Schema>) {
  const named = (part: Schema): Schema => {
    nameWords(part, schemas)
    if (!part.enum || !part.title) return part
    const { title, ...words } = part
    return share(schemas, 'schemas', title, words)
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    schema.properties![name] = named(field as Schema) as V3.SchemaObject
  }
  if (schema.items) schema.items = named(schema.items)
  if (schema.discriminator) mapWords(schema, schemas)
}

/** Which schema a word of the discriminator stands for: generators would take the schemas' names for the words. */
function mapWords({ discriminator, oneOf = [] }: Schema, schemas: Record<string, Schema>) {
  const { propertyName } = discriminator!
  const words = oneOf.map((reference) => {
    const word = resolve(reference as Schema, schemas).properties?.[propertyName] as { enum: string[] }
    return [word.enum[0], (reference as Schema).$ref!]
  })
  discriminator!.mapping = Object.fromEntries(words)
}

function shareParts(operation: V3.OperationObject, { schemas, headers, responses }: Pools) {
  for (const parameter of (operation.parameters ?? []) as V3.ParameterObject[]) moveExample(parameter)
  const { content = {} } = (operation.requestBody ?? {}) as V3.RequestBodyObject
  for (const media of Object.values(content)) media.example ??= bodyExample(media.schema as Schema, schemas)
  for (const [status, response] of Object.entries(operation.responses ?? {}) as [string, Response][]) {
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      const isOptional = header.description?.endsWith('absent here.')
      response.headers![name] = share(headers, 'headers', isOptional ? `Optional${name}` : name, header)
    }
    if (Number(status) >= 400)
      operation.responses![status] = share(responses, 'responses', responseName(response), response)
  }
}

/** Swagger UI would send a parameter's `example`, such as a cursor that leads nowhere; its schema's it only shows. */
function moveExample(parameter: V3.ParameterObject) {
  const { example, schema } = parameter
  if (example === undefined) return
  Object.assign(parameter, { schema: { ...schema, examples: [example] } })
  delete parameter.example
}

/** Postman and others build bodies from it. Fields whose example is empty are left out. */
function bodyExample(reference: Schema, schemas: Record<string, Schema>): unknown {
  const schema = resolve(reference, schemas)
  if (schema.examples) return schema.examples[0]
  if (schema.anyOf) return bodyExample(schema.anyOf[0] as Schema, schemas)
  if (!schema.properties) return schema.enum?.[0]
  const fields = Object.entries(schema.properties).map(([name, field]) => [name, bodyExample(field as Schema, schemas)])
  return Object.fromEntries(fields.filter(([, value]) => value !== ''))
}

const resolve = (schema: Schema, schemas: Record<string, Schema>): Schema =>
  schema.$ref === undefined ? schema : schemas[schema.$ref.slice('#/components/schemas/'.length)]!

/** `TaskNotFound`, or `NotAuthenticatedOrInvalidToken` of a status with two problems. */
function responseName({ content = {}, headers = {} }: Response): string {
  const codes = Object.values(content).flatMap(({ examples }) =>
    Object.values(examples ?? {}).map((example) => (example as { value: { code: string } }).value.code),
  )
  const names = [...new Set(codes)].map((code) => code.toLowerCase().replaceAll(/(?:^|_)(.)/g, upperCase))
  return names.join('Or') + (Object.keys(headers).some((name) => /^RateLimit$/i.test(name)) ? '' : 'Unlimited')
}

const upperCase = (_: string, letter: string) => letter.toUpperCase()

/** A reference to the component, which is added unless it is there; the name gets a number if another has it. */
function share<T extends object>(pool: object, kind: string, wanted: string, part: T): T {
  const parts = pool as Record<string, object>
  let name = wanted
  for (let n = 2; name in parts && JSON.stringify(parts[name]) !== JSON.stringify(part); n++) name = wanted + n
  parts[name] = part
  return { $ref: `#/components/${kind}/${name}` } as unknown as T
}
