import fc, { type Arbitrary } from 'fast-check'
import type { OpenApi, Operation, Schema } from './openapi.ts'

/** A request as it is sent; `{password}` and its like stand for what belongs to who sends it. */
export interface Sent {
  id: string
  query: string
  headers: Record<string, string>
  body: string | Buffer | undefined
}

/** What may be wrong with a request, each of which must be refused. */
type Fault = Partial<Sent>

/** What a sender has and can put in a request. */
export const own = {
  id: '{id}',
  password: '{password}',
  email: '{email}',
  refreshToken: '{refresh_token}',
  /** Stands for a number. */
  projectId: '{project_id}',
  /** Another than the one in the path. */
  labelId: '{label_id}',
  taskId: '{task_id}',
}

/** Requests that keep to the document, with headers that must not matter. */
export function goodRequests(api: OpenApi, operation: Operation): Arbitrary<Sent> {
  const required = Object.fromEntries(
    queryOf(operation).flatMap(({ name, required, schema }) => (required ? [[name, schema.examples?.[0]]] : [])),
  )
  const query = fc
    .record(Object.fromEntries(queryOf(operation).map(({ name, schema }) => [name, good(api, schema, name)])), {
      requiredKeys: [],
    })
    .map((values) => new URLSearchParams({ ...required, ...values } as Record<string, string>).toString())
  const contents = Object.entries(operation.requestBody?.content ?? {})
  const body = contents.map(([type, { schema }]) => good(api, schema).map((value) => ({ type, value })))
  return fc
    .tuple(query, body.length > 0 ? fc.oneof(...body) : fc.constant(undefined), idleHeaders, fc.integer({ min: 1 }))
    .chain(([query, content, headers, number]) =>
      fc.constantFrom(own.id, String(number), '999999999999999').map((id) => ({
        id,
        query,
        headers: { ...headers, ...(content && { 'content-type': content.type }) },
        body: content && encoded(content.type, content.value),
      })),
    )
}

/** Requests that have one thing wrong with them, or several. */
export function badRequests(api: OpenApi, operation: Operation): Arbitrary<Sent> {
  const faults = fc.array(fc.oneof(...faultsOf(api, operation)), { minLength: 1, maxLength: 3 })
  return fc.tuple(goodRequests(api, operation), faults).map(([good, faults]) => {
    const headers = Object.assign({}, good.headers, ...faults.map(({ headers }) => headers))
    return Object.assign({}, good, ...faults, { headers })
  })
}

function faultsOf(api: OpenApi, operation: Operation): Arbitrary<Fault>[] {
  const unknownKey = fc
    .tuple(oddNames, odd)
    .map(([name, value]) => ({ query: `${escaped(name)}=${escaped(String(value))}` }))
  return [
    unknownKey,
    ...(operation.path.includes('{') ? [wrongId] : []),
    ...(operation.isOpen ? [] : [wrongAuthorization]),
    ...queryOf(operation)
      .filter(({ schema }) => !isText(schema))
      .map(({ name, schema }) => {
        const isRight = (text: string) => schema.type === 'boolean' && /^(true|false)$/.test(text)
        return wrongNumber.filter((text) => !isRight(text)).map((text) => ({ query: `${name}=${text}` }))
      }),
    ...queryOf(operation)
      .filter(({ schema }) => schema.type !== 'array')
      .map(({ name }) => fc.constant({ query: `${name}=1&${name}=1` })),
    ...(operation.requestBody ? [wrongType, wrongText, ...wrongDocuments(api, operation)] : []),
  ]
}

/** Whether any text is one that it takes, within its length. */
const isText = (schema: Schema) => {
  const { type, enum: words } = schema.items ?? schema
  return type === 'string' && words === undefined
}

const queryOf = ({ parameters = [] }: Operation) => parameters.filter((parameter) => parameter.in === 'query')

const encoded = (type: string, value: unknown): string =>
  type.startsWith('text/')
    ? String(value)
    : type.includes('form')
      ? new URLSearchParams(value as Record<string, string>).toString()
      : JSON.stringify(value)

/** Texts that have broken servers; more come from fast-check. */
const oddTexts = [
  ...['', ' ', '0', '-1', '1e309', 'NaN', 'null', 'undefined', 'true', '[]', '{}', '٣', '１', '0x10', '1_000'],
  ...[
    '\u202eevil',
    'אבג',
    '👩‍👩‍👧‍👦',
    'e\u0301',
    '\ufeff',
    '\u2028',
    '\ufffd',
    '\u{10ffff}',
    'ﬀ',
    'İ',
    'ß',
    '\x7f',
    '\x1b[31m',
  ],
  ...["' OR '1'='1", '"; DROP TABLE tasks; --', '%', '_', '\\', '%s%n', '{{7*7}}', '../../etc/passwd', '$ne'],
  ...['<script>', 'a\r\nSet-Cookie: x=1', 'x'.repeat(300), '😀'.repeat(501), 'y'.repeat(30_000)],
]
const illFormed = ['\0', 'a\0b', '\ud800', 'a\udfffb', '\udc00\ud800']

const text = fc.oneof(
  fc.constantFrom(...oddTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)
const odd = fc.oneof(text, fc.constantFrom(...illFormed), fc.double(), fc.constant(null), fc.boolean())

/** Names that no schema has. `__proto__` in JSON text is a field like any other. */
const oddNames = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'user_id',
    'is_admin',
    'role',
    '$where',
    'a/b~c',
  ),
  text.filter((name) => name.length > 3 && !/^[a-z_]+$/.test(name)),
)

/** Percent-encoded; lone surrogates as the bytes that they would have. */
const escaped = (text: string) =>
  text.isWellFormed()
    ? encodeURIComponent(text)
    : encodeURIComponent(text.toWellFormed()).replaceAll('%EF%BF%BD', '%ED%A0%80')

const wrongNumber = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '01',
    '0x1',
    '1e0',
    '1.5',
    '%2B1',
    '%201',
    '1%20',
    '1%0A',
    '%D9%A3',
    '1000000000000000',
  ),
  fc.constantFrom('%00', '%FF', '%ED%A0%80', '9'.repeat(300), '..%2F1', '1%2F..', '1;2', '1,2', "1'--"),
  text.filter((text) => !/^[1-9]\d{0,14}$/.test(text) && text.length < 400).map(escaped),
)

// What is empty, or a dot, makes another path.
const wrongId = wrongNumber.filter((text) => text !== '' && !/^(\.|%2e){1,2}$/i.test(text)).map((id) => ({ id }))

const headerText = fc.oneof(
  fc.constantFrom('', ' ', '*', ',', ';', '"', 'W/""', 'q=9', '\t', '127.0.0.1', '::1', 'null', 'a'.repeat(9000)),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
)

const wrongAuthorization = fc
  .oneof(
    headerText,
    headerText.map((text) => `Bearer ${text}`),
    fc.base64String().map((text) => `Bearer eyJhbGciOiJub25lIn0.${text}.`),
    fc.base64String().map((text) => `Bearer tma_${text}`),
    fc.base64String().map((text) => `Basic ${text}`),
  )
  .map((authorization) => ({ headers: { authorization } }))

const idleHeaders = fc.record(
  Object.fromEntries(
    ['accept', 'accept-language', 'if-none-match', 'x-forwarded-for', 'x-http-method-override']
      .concat(['x-request-id', 'forwarded', 'origin', 'cookie', 'user-agent', 'referer', 'x-user-id', 'x-original-url'])
      .map((name) => [name, headerText] as const)
      .concat([['if-match', fc.constant('*')]]),
  ),
  { requiredKeys: [] },
)

const wrongType = fc.oneof(
  fc
    .constantFrom(
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
    )
    .map((type) => ({ headers: { 'content-type': type } })),
  headerText.filter((text) => text.trim() !== '').map((type) => ({ headers: { 'content-type': type } })),
  fc.constantFrom('gzip', 'br', 'deflate', 'x').map((encoding) => ({ headers: { 'content-encoding': encoding } })),
)

const json = { 'content-type': 'application/json' }

const deep = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times)

const wrongText = fc
  .oneof(
    fc.constantFrom('{', '{"a":', '{"a":1,}', "{'a':1}", '[1,', 'nul', '"\u0001"', 'NaN', '{"a":01}', '{}{}'),
    fc.constantFrom(Buffer.from([0xff]), Buffer.from('{"a":"\xff"}', 'latin1'), Buffer.from([0xed, 0xa0, 0x80])),
    fc.constantFrom(
      deep('[', ']', 30_000),
      deep('{"__proto__":', '1}', 1_000),
      deep('[', '', 50_000),
      'x'.repeat(300_000),
    ),
    fc.constantFrom(
      'null',
      '[]',
      '1',
      '"x"',
      'true',
      '1e999',
      '-0',
      '[{}]',
      '{"__proto__":{}}',
      '{"constructor":{"prototype":{}}}',
    ),
    fc.json().filter((text) => !text.startsWith('{')),
  )
  .map((body) => ({ headers: json, body }))

/** Of the operation's JSON: a field that is missing, unknown, or holds what it must not. */
function wrongDocuments(api: OpenApi, { requestBody }: Operation): Arbitrary<Fault>[] {
  const schemas = Object.entries(requestBody!.content).filter(
    ([type]) => !type.includes('form') && !type.startsWith('text/'),
  )
  return schemas.flatMap(([type, { schema: reference }]) => {
    const schema = api.resolve(reference)
    const { properties = {}, required = [] } = schema
    if (typeof schema.additionalProperties === 'object') return [] // it takes what it does not know
    const changed = (change: Arbitrary<(fields: [string, unknown][]) => [string, unknown][]>) =>
      fc.tuple(good(api, schema), change).map(([value, change]) => ({
        headers: { 'content-type': type },
        // Written field by field, since an object could not hold __proto__.
        body: `{${change(Object.entries(value as object))
          .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
          .join()}}`,
      }))
    return [
      changed(fc.tuple(oddNames, fc.jsonValue()).map((field) => (fields) => [...fields, field])),
      ...required.map((name) => changed(fc.constant((fields) => fields.filter(([other]) => other !== name)))),
      ...Object.entries(properties).map(([name, field]) =>
        changed(
          bad(api, field).map((value) => (fields) => [...fields.filter(([other]) => other !== name), [name, value]]),
        ),
      ),
    ]
  })
}

/** Values that the schema does not take. */
function bad(api: OpenApi, reference: Schema): Arbitrary<unknown> {
  const schema = api.resolve(reference)
  const types = [schema.type].flat()
  const ofTypes: Record<string, Arbitrary<unknown>> = {
    null: fc.constant(null),
    boolean: fc.boolean(),
    number: fc.double({ noInteger: true, noNaN: true, noDefaultInfinity: true }),
    integer: fc.integer(),
    string: text,
    array: fc.array(fc.jsonValue(), { maxLength: 3 }),
    object: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
  }
  const others = Object.entries(ofTypes).flatMap(([name, values]) => (types.includes(name) ? [] : [values]))
  const { minLength = 0, maxLength, minimum, maximum, items, enum: words } = schema
  const limits: Arbitrary<unknown>[] = []
  if (types.includes('string')) limits.push(fc.constantFrom(...illFormed))
  if (minLength > 0) limits.push(fc.constant('x'.repeat(minLength - 1)))
  if (maxLength) limits.push(fc.constantFrom('x'.repeat(maxLength + 1), '😀'.repeat(maxLength + 1)))
  if (minimum !== undefined) limits.push(fc.constantFrom(minimum - 1, -(2 ** 53), -1e308))
  if (maximum !== undefined) limits.push(fc.constantFrom(maximum + 1, 2 ** 53, 1e308))
  if (words) limits.push(text.filter((text) => !words.includes(text)))
  if (items) limits.push(bad(api, items).map((item) => [item]))
  return fc.oneof(...others, ...limits)
}

/** Values that the schema takes, as far as it says. */
function good(api: OpenApi, reference: Schema, name = ''): Arbitrary<unknown> {
  const schema = api.resolve(reference)
  const { minimum = -100, maximum = 100, items, properties, required = [], enum: words } = schema
  const types = [schema.type].flat()
  const values = ((): Arbitrary<unknown> => {
    if (words) return fc.constantFrom(...words)
    if (name === 'into') return fc.constant(own.labelId)
    if (name === 'project_id') return fc.constant(own.projectId)
    if (name === 'parent_id' && types.includes('null')) return fc.constant(null)
    if (schema.oneOf) return fc.oneof(...schema.oneOf.map((one) => good(api, one)))
    if (name === 'recurrence') return fc.constant(null)
    if (name === 'reminders') return fc.constant([])
    // Which occurrence is meant: none that was there.
    if (name === 'due' && schema.description?.startsWith('Which')) return fc.constant(undefined)
    if (schema.format !== 'date-time' && ['before', 'after', 'if_match'].includes(name)) return fc.constant(undefined) // in JSON: absent
    if ((types.includes('array') && types.includes('object')) || (schema.maxLength ?? 0) > 1_000_000) {
      return fc.constantFrom(...schema.examples!)
    }
    if (types.includes('integer') && types.includes('object')) return fc.constant(own.taskId)
    if (schema.not) return fc.constantFrom(...schema.examples!)
    if (properties) {
      const fields = Object.entries(properties).map(([name, field]) => [name, good(api, field, name)])
      return fc.record(Object.fromEntries(fields) as Record<string, Arbitrary<unknown>>, {
        requiredKeys: required,
        noNullPrototype: true,
      })
    }
    if (items) return fc.uniqueArray(good(api, items), { minLength: 1, maxLength: 3 })
    if (types.includes('integer')) return fc.integer({ min: minimum, max: maximum })
    if (types.includes('boolean')) return fc.boolean()
    return goodText(schema, name)
  })()
  return types.includes('null') ? fc.option(values) : values
}

function goodText({ minLength = 0, maxLength = 100, pattern, format, examples }: TextSchema, name: string) {
  if (name === 'password' || name === 'current_password') return fc.constantFrom(own.password, 'x'.repeat(30))
  if (name === 'refresh_token') return fc.constantFrom(own.refreshToken, String(examples?.[0] ?? 1042))
  if (format === 'idn-email') {
    const addresses = fc.oneof(
      fc.emailAddress(),
      text.map((text) => `${text}@example.org`),
      fc.constant('Ä@bücher.example'),
    )
    return fc.oneof(fc.constant(own.email), addresses)
  }
  if (format === 'date-time') return fc.constant('2026-01-31T09:00:00Z')
  if (format === 'iana-timezone') return fc.constantFrom('UTC', 'Europe/Berlin', 'Etc/GMT+5')
  if (pattern && pattern !== '\\S') return fc.constantFrom(String(examples?.[0] ?? 1042))
  const fits = (text: string) => {
    const { length } = [...text]
    return length >= minLength && length <= maxLength && !text.includes('\0') && /\S/.test(text)
  }
  return fc.oneof(text.filter(fits), fc.string({ unit: 'binary', minLength, maxLength: minLength + 30 }).filter(fits))
}

type TextSchema = Schema & { pattern?: string; format?: string }
