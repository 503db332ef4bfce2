import type { OpenApi, Operation, Parameter, Schema } from '../support/openapi.ts'
import { encoded, exampleOf, formType, type Request, requiredQuery } from './walk.ts'

interface WrongRequest extends Request {
  /** What is wrong with it. */
  wrong: string
  /** Where the answer must say it is. */
  place: { parameter: string } | { pointer: string }
}

/** The requests that are the operation's example, but for one thing that is wrong. */
export function* wrongRequests(api: OpenApi, operation: Operation): Generator<WrongRequest> {
  const { parameters = [], requestBody } = operation
  const [[type, media] = []] = Object.entries(requestBody?.content ?? {})
  const right = media ? { type, body: encoded(type!, exampleOf(api, media.schema)) } : {}
  const asking = (query: string, name?: string) => ({
    query: [requiredQuery(operation, name), query].filter((part) => part !== '').join('&'),
  })

  for (const name of ['unknown', '__proto__']) {
    yield { ...right, wrong: `an unknown query key ${name}`, ...asking(`${name}=1`), place: { parameter: name } }
  }
  for (const parameter of parameters) {
    const { name } = parameter
    for (const value of wrongTexts(parameter)) {
      const isSecond = !operation.path.slice(0, operation.path.indexOf('}')).endsWith(`{${name}`)
      const at = parameter.in === 'path' ? { id: isSecond ? `1|${value}` : value } : asking(`${name}=${value}`, name)
      yield { ...right, ...at, wrong: `${name}=${value}`, place: { parameter: name } }
    }
    if (parameter.in !== 'query') continue
    if (parameter.required) yield { ...right, ...asking('', name), wrong: `no ${name}`, place: { parameter: name } }
    const once = `${name}=${parameter.schema.examples?.[0]}`
    const twice = `${once}&${once}`
    if (parameter.schema.type === 'array') continue
    yield { ...right, wrong: `${name} twice`, ...asking(twice, name), place: { parameter: name } }
  }
  for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
    if (requestBody!.required) yield { wrong: `no ${type}`, place: { pointer: '' } }
    yield* type === formType ? wrongForms(api, schema) : wrongDocuments(api, schema, type)
  }
}

/** Percent-encoded. Where the parameter is not free text, also the texts that number parsers like to take. */
function wrongTexts({ in: place, schema }: Parameter): string[] {
  const { maxLength } = schema.items ?? schema
  if ((schema.items ?? schema).type === 'string' && !isListOfWords(schema)) {
    return ['%00', ...(maxLength ? ['x'.repeat(maxLength + 1)] : [])]
  }
  const always = ['x', '%00', '0x1', '01', '1e0', '%2B1', '%201', '1%0A', '-1', '0', '1.5', '1'.repeat(400)]
  return [...always, ...(place === 'query' ? [''] : []), ...(schema.maximum ? [`${schema.maximum + 1}`] : [])]
}

const isListOfWords = (schema: Schema) => (schema.items ?? schema).enum !== undefined

function* wrongDocuments(api: OpenApi, reference: Schema, type: string): Generator<WrongRequest> {
  const schema = api.resolve(reference)
  const example = exampleOf(api, schema) as Record<string, unknown>
  const { properties = {}, required = [], additionalProperties } = schema
  if (type.startsWith('text/')) return

  for (const value of [null, true, 1, 'x', [], [example]]) {
    yield { type, body: JSON.stringify(value), wrong: JSON.stringify(value), place: { pointer: '' } }
  }
  const wrongly = (wrong: string, pointer: string, changes: object) => ({
    type,
    body: JSON.stringify({ ...example, ...changes }),
    wrong: `${wrong} (${type})`,
    place: { pointer },
  })
  if (typeof additionalProperties === 'object') return // it takes what it does not know
  yield wrongly('an unknown field', '/unknown', { unknown: 1 })
  yield wrongly('an unknown field to escape', '/a~1b~0c', { 'a/b~c': null })
  yield wrongly('an unknown field of nothing', '/', { '': 1 })
  for (const name of required) yield wrongly(`no ${name}`, `/${name}`, { [name]: undefined })
  for (const [name, field] of Object.entries(properties)) {
    for (const value of wrongValues(api.resolve(field))) {
      yield wrongly(`${name} ${JSON.stringify(value).slice(0, 40)}`, `/${name}`, { [name]: value })
    }
  }
}

/** A value of each JSON type that the field does not take, and values past each of its limits. */
function* wrongValues({ type, enum: words, minLength, maxLength, minimum, maximum }: Schema): Generator<unknown> {
  const types = [type].flat()
  const ofTypes: Record<string, unknown> = {
    null: null,
    boolean: true,
    integer: 1,
    number: 1.5,
    string: 'x',
    array: [],
    object: {},
  }
  for (const [name, value] of Object.entries(ofTypes)) if (!types.includes(name)) yield value
  if (types.includes('string')) yield* ['\0', 'x\0y', '\ud800', 'x\udc00y']
  if (minLength) yield 'x'.repeat(minLength - 1)
  if (maxLength) yield 'x'.repeat(maxLength + 1)
  if (words) yield* [`${words[0]} `, '']
  if (minimum !== undefined) yield minimum - 1
  if (maximum !== undefined) yield maximum + 1
}

function* wrongForms(api: OpenApi, reference: Schema): Generator<WrongRequest> {
  const schema = api.resolve(reference)
  const example = exampleOf(api, schema) as Record<string, string>
  const { properties = {}, required = [] } = schema
  const wrongly = (wrong: string, pointer: string, body: string) => ({
    type: formType,
    body,
    wrong: `${wrong} (${formType})`,
    place: { pointer },
  })

  for (const name of required) {
    const { [name]: _, ...others } = example
    yield wrongly(`no ${name}`, `/${name}`, encoded(formType, others))
  }
  for (const [name, field] of Object.entries(properties)) {
    const { enum: words, minLength, maxLength = 0 } = api.resolve(field)
    const values = [
      '\0',
      ...(minLength ? ['x'.repeat(minLength - 1)] : []),
      ...(words ? ['x'] : ['x'.repeat(maxLength + 1)]),
    ]
    for (const value of values) {
      yield wrongly(`${name}=${value.slice(0, 40)}`, `/${name}`, encoded(formType, { ...example, [name]: value }))
    }
    yield wrongly(
      `${name} twice`,
      `/${name}`,
      `${encoded(formType, example)}&${encoded(formType, { [name]: example[name] })}`,
    )
  }
}
