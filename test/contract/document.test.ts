import type { FastifySchema } from 'fastify'
import { expect } from 'vitest'
import { test } from '../support/app.ts'
import { openApi } from '../support/openapi.ts'
import { gaps } from './completeness.ts'

test('the document is OpenAPI 3.1, and is served to everyone', async ({ app, anyone }) => {
  const reply = await anyone.get('/docs/json')

  expect(reply.statusCode).toBe(200)
  expect(reply.json()).toEqual(JSON.parse(JSON.stringify(app.swagger())))
  expect(reply.json().openapi).toMatch(/^3\.1\.\d$/)
})

test('the document is not served where docs are turned off', async ({ buildTestApp }) => {
  const app = await buildTestApp({ DOCS_ENABLED: 'false' })

  expect((await app.inject('/docs/json')).statusCode).toBe(404)
  expect((await app.inject('/docs')).statusCode).toBe(404)
})

test('every operation is named, described and has examples; every refusal is a problem document', async ({ app }) => {
  const api = openApi(app)

  expect(gaps(api)).toEqual([])
  expect(api.operations.map(({ operationId }) => operationId)).toEqual([
    'getLiveness',
    'getReadiness',
    'register',
    'login',
    'refresh',
    'logout',
    'logoutAll',
    'changePassword',
    'requestPasswordReset',
    'resetPassword',
    'requestEmailChange',
    'confirmEmailChange',
    'getMe',
    'patchMe',
    'deleteMe',
    'listSessions',
    'endSession',
    'listTokens',
    'createToken',
    'getToken',
    'revokeToken',
    'listActivity',
    'exportMe',
    'listTasks',
    'createTask',
    'getTask',
    'putTask',
    'patchTask',
    'deleteTask',
  ])
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

const said = { summary: 'Wrong', description: 'Wrong.', tags: ['tasks'] }
const answer = { 200: { description: 'All is well.', type: 'string', examples: ['x'] } }
const plain = { description: 'Bad.', type: 'string' }

const unsaid: [gap: string, schema: FastifySchema & Record<string, unknown>][] = [
  ['GET /wrong has no operationId', { ...said, operationId: '', response: answer }],
  ['getTask is the name of two operations', { ...said, operationId: 'getTask', response: answer }],
  ['GET /wrong has no summary', { ...said, summary: '', response: answer }],
  ['GET /wrong has no description', { ...said, description: '', response: answer }],
  ['GET /wrong has no tag', { ...said, tags: [], response: answer }],
  ['GET /wrong has no successful answer', { ...said, security: [], response: {} }],
  ['GET /wrong has no example of its application/json 200', { ...said, response: { 200: { type: 'string' } } }],
  ['GET /wrong does not describe its 200', { ...said, response: { 200: { type: 'string' } } }],
  ['GET /wrong has a 404 that is no problem document', { ...said, response: { ...answer, 404: plain } }],
  ['GET /wrong is open', { ...said, response: { 200: { type: 'object', properties: {} } } }],
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
