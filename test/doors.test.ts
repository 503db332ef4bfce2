import type { FastifyInstance } from 'fastify'
import { describe, expect } from 'vitest'
import { type App, people, test } from './support/app.ts'

const xml = { 'content-type': 'text/xml' }

/** Another door beside the JSON API: it reads XML, authenticates its callers, and answers its own errors. */
async function xmlDoor(app: FastifyInstance) {
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((_error, _request, reply) => reply.code(400).type('text/xml').send('<error/>'))
  app.post('/', { onRequest: app.authenticate }, async ({ user, body }, reply) => {
    const owned = await app.db.find(app.db.tables.users, { id: user.id })
    return reply.type('text/xml').send(`<echo to="${owned?.email}">${body}</echo>`)
  })
}

const withXmlDoor = (app: App) => app.register(xmlDoor, { prefix: '/xml' })

describe('a door beside the JSON API', () => {
  test('has parsers and errors of its own, and shares the accounts and the database', async ({ buildTestApp }) => {
    const app = await buildTestApp({}, withXmlDoor)
    const ann = people(app)('ann')

    const answer = await ann.post('/xml', '<hello/>', xml)
    const refused = await app.inject({ method: 'POST', url: '/xml', payload: '<hello/>', headers: xml })

    expect([answer.statusCode, answer.body]).toEqual([200, `<echo to="${ann.email}"><hello/></echo>`])
    expect([refused.statusCode, refused.body]).toEqual([400, '<error/>'])
  })

  test('changes nothing about the JSON API', async ({ buildTestApp }) => {
    const app = await buildTestApp({}, withXmlDoor)
    const ann = people(app)('bob')

    const unread = await ann.post('/tasks', '<task/>', xml)
    const unknown = await ann.get('/tasks/1')
    const nowhere = await ann.get('/xml/nowhere')
    const wrongMethod = await ann.get('/xml')

    expect([unread.statusCode, unread.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'TASK_NOT_FOUND'])
    expect([nowhere.statusCode, nowhere.json().code]).toEqual([404, 'ROUTE_NOT_FOUND'])
    expect([wrongMethod.statusCode, wrongMethod.headers.allow]).toEqual([405, 'POST'])
  })

  test('says to browsers what every answer says', async ({ buildTestApp }) => {
    const app = await buildTestApp({}, withXmlDoor)

    const { headers } = await app.inject({ method: 'POST', url: '/xml', payload: '<hello/>', headers: xml })

    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
  })
})
