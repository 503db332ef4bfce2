import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { gunzipSync } from 'node:zlib'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { expect } from 'vitest'
import { problem, problems } from '../../src/http/problems.ts'
import { test } from '../support/app.ts'
import { openApi } from '../support/openapi.ts'
import { gaps } from './completeness.ts'

test('the document is OpenAPI 3.1, and is served to everyone, as JSON and as YAML', async ({ app, anyone }) => {
  const json = await anyone.get('/openapi.json')
  const yaml = await anyone.get('/openapi.yaml')

  expect([json.statusCode, json.headers['content-type']]).toEqual([200, 'application/json'])
  expect(json.json()).toEqual(JSON.parse(JSON.stringify(app.swagger())))
  expect(json.json().openapi).toMatch(/^3\.1\.\d$/)
  expect([yaml.statusCode, yaml.headers['content-type']]).toEqual([200, 'application/yaml'])
  expect(yaml.body).toBe(app.swagger({ yaml: true }))
})

test.for(['json', 'yaml'])('the former address /docs/%s leads to the document', async (type, { anyone }) => {
  const reply = await anyone.get(`/docs/${type}`)

  const { pathname } = new URL(String(reply.headers.location), `https://tasks.example.org/docs/${type}`)
  expect([reply.statusCode, pathname]).toEqual([308, `/openapi.${type}`])
})

test('the document is not served where docs are turned off', async ({ buildTestApp }) => {
  const app = await buildTestApp({ DOCS_ENABLED: 'false' })

  for (const path of ['/openapi.json', '/openapi.yaml', '/docs/json', '/docs', '/docs/', '/docs/docs.js']) {
    expect((await app.inject(path)).json(), path).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' })
  }
})

const pages = [
  '/openapi.json',
  '/openapi.yaml',
  '/docs',
  '/docs/',
  '/docs/swagger-ui.js',
  '/problems',
  '/',
  '/favicon.ico',
]

test.for(pages)('%s is compressed for those who take it, and sent once', async (path, { buildTestApp }) => {
  const app = await buildTestApp() // answers that are compressed cannot be compared with the document
  const plain = await app.inject(path)
  const packed = await app.inject({ url: path, headers: { 'accept-encoding': 'gzip, br' } })
  const head = await app.inject({ method: 'HEAD', url: path, headers: { 'accept-encoding': 'gzip' } })
  const again = await app.inject({ url: path, headers: { 'if-none-match': String(plain.headers.etag) } })

  expect(plain.statusCode).toBe(200)
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(packed.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true)
  expect(packed.headers.vary).toContain('Accept-Encoding')
  expect(packed.headers.etag).not.toBe(plain.headers.etag)
  expect([head.statusCode, head.body, head.headers.etag]).toEqual([200, '', packed.headers.etag])
  expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', plain.headers.etag])
})

test('every operation is named, described and has examples; every refusal is a problem document', async ({ app }) => {
  const api = openApi(app)

  expect(gaps(api)).toEqual([])
})

/** Of calendar feeds: for calendar programs, which read no document. */
const secretAddress = 'GET /calendar-feeds/{token}(^tmf_[\\w-]{43}).ics'

test('every route is in the document, but for the documentation itself', async ({ buildTestApp }) => {
  const routes = new Set<string>()
  const collect = (message: unknown) =>
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, path }) => {
      for (const name of [method].flat()) if (name !== 'HEAD') routes.add(`${name} ${path.replace(/:(\w+)/g, '{$1}')}`)
    })
  subscribe('fastify.initialization', collect)

  const app = await buildTestApp({ DOCS_ENABLED: 'false' })
  unsubscribe('fastify.initialization', collect)

  const documented = openApi(app).operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  expect([...documented, 'GET /problems', 'GET /favicon.ico', secretAddress, 'POST /mcp'].sort()).toEqual(
    [...routes].filter((route) => !isOfCalDav(route)).sort(),
  )
  expect([...routes].filter(isOfCalDav)).toContain('REPORT /dav/*')
})

/** OpenAPI has no words for the methods of WebDAV. */
const isOfCalDav = (route: string) => /^\w+ \/(dav|dav\/\*|\.well-known\/caldav)$|^PROPFIND \/$/.test(route)

test('the code of a problem is one of a list, which has every documented code', async ({ app }) => {
  const { document, operations } = openApi(app)
  const codes = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ content }) =>
      Object.values(content?.['application/problem+json']?.examples ?? {}).map(
        ({ value }) => value as { code: string },
      ),
    ),
  )

  expect(document.components.schemas.Problem!.properties!.code).toEqual({ $ref: '#/components/schemas/ProblemCode' })
  const listed = document.components.schemas.ProblemCode!.enum
  expect(listed).toEqual(problems().map(({ code }) => code))
  expect(listed).toEqual(expect.arrayContaining(codes.map(({ code }) => code)))
})

test('lists of words have names that generated types show', async ({ app }) => {
  const { schemas } = openApi(app).document.components

  expect(schemas.TaskStatus!.enum).toEqual(['pending', 'in_progress', 'completed', 'cancelled'])
  for (const name of ['Task', 'NewTask', 'TaskChanges'])
    expect(schemas[name]!.properties!.status).toEqual({ $ref: '#/components/schemas/TaskStatus' })
})

test('an example of invalid input says what is wrong, in the body and in the URL', async ({ app }) => {
  for (const { responses } of openApi(app).operations) {
    const { examples = {} } = responses[422]!.content!['application/problem+json']!
    const errors = Object.values(examples).flatMap(({ value }) => (value as { errors?: object[] }).errors ?? [])
    expect(errors).toEqual([
      { detail: 'is required', pointer: '/title' },
      { detail: 'must be an integer from 1 to 500', parameter: 'limit' },
    ])
  }
})

test('what several operations answer is written once', async ({ app }) => {
  const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, { responses: object }>> }
  const operations = Object.values(paths).flatMap((item) => Object.values(item))

  for (const [status, response] of operations.flatMap(({ responses }) => Object.entries(responses))) {
    if (Number(status) >= 400) expect(response).toEqual({ $ref: expect.stringMatching('^#/components/responses/') })
    else
      for (const header of Object.values(response.headers ?? {}))
        expect(header).toEqual({ $ref: expect.stringMatching('^#/components/headers/') })
  }
})

test('every type of a problem leads to its explanation', async ({ app, anyone }) => {
  const page = (await anyone.get('/problems')).body
  const examples = openApi(app).operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ content }) =>
      Object.values(content?.['application/problem+json']?.examples ?? {}),
    ),
  )

  const anchors = new Set(examples.map(({ value }) => (value as { type: string }).type.replace('/problems#', '')))

  expect(anchors.size).toBeGreaterThan(10)
  for (const anchor of anchors) expect(page).toContain(`id="${anchor}"`)
})

test('two problems with one code stop the start', () => {
  const again = () => problem('TASK_NOT_FOUND', 404, 'Another', 'Another problem with a code that is taken.')

  expect(again).toThrow('the problem TASK_NOT_FOUND is declared twice')
})

test('the page of problems explains every problem, by status', async ({ anyone }) => {
  const page = (await anyone.get('/problems')).body

  const statuses = [...page.matchAll(/<code>([A-Z_]+)<\/code>, status (\d+)/g)]
  expect(statuses.map(([, code]) => code)).toEqual(problems().map(({ code }) => code))
  expect(statuses.map(([, , status]) => status)).toEqual(statuses.map(([, , status]) => status).sort())
})

const said = { summary: 'Wrong', description: 'Wrong.', tags: ['tasks'] }
const answer = { 200: { description: 'All is well.', type: 'string', examples: ['x'] } }
const plain = { description: 'Bad.', type: 'string' }

const unsaid: [gap: string, schema: FastifySchema & Record<string, unknown>][] = [
  ['GET /wrong has no operationId', { ...said, operationId: '', response: answer }],
  ['getTask is the name of two operations', { ...said, operationId: 'getTask', response: answer }],
  ['GET /wrong has no summary', { ...said, summary: '', response: answer }],
  ['GET /wrong has no description', { ...said, description: '', response: answer }],
  ['GET /wrong has no tag', { ...said, tags: [], response: answer }],
  ['GET /wrong has the tag strange, which nothing describes', { ...said, tags: ['strange'], response: answer }],
  ['GET /wrong has no successful answer', { ...said, security: [], response: {} }],
  ['GET /wrong has no example of its application/json 200', { ...said, response: { 200: { type: 'string' } } }],
  ['GET /wrong does not describe its 200', { ...said, response: { 200: { type: 'string' } } }],
  ['GET /wrong has a 404 that is no problem document', { ...said, response: { ...answer, 404: plain } }],
  ['GET /wrong is open', { ...said, response: { 200: { type: 'object', properties: {} } } }],
  [
    'GET /wrong demands its parameter q, which has a default',
    { ...said, querystring: { ...query({ type: 'string', default: 'x' }), required: ['q'] }, response: answer },
  ],
  [
    'GET /wrong does not describe its parameter q',
    { ...said, querystring: query({ type: 'string' }), response: answer },
  ],
  [
    'GET /wrong has no example of its parameter q',
    { ...said, querystring: query({ type: 'string' }), response: answer },
  ],
]

test('it is noticed when something is not said', async ({ buildTestApp }) => {
  const app = await buildTestApp({}, (app) => {
    for (const [i, [, schema]] of unsaid.entries()) app.get(`/wrong${i}`, { schema }, async () => 'x')
  })

  const found = gaps(openApi(app))

  for (const [i, [gap]] of unsaid.entries()) expect(found).toContain(gap.replace('/wrong', `/wrong${i}`))
})

function query(q: object) {
  return { type: 'object', properties: { q }, additionalProperties: false }
}
