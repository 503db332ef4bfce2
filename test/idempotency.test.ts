import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

const withKey = (key: string, further = {}) => ({ 'idempotency-key': key, ...further })

describe('a POST with an Idempotency-Key', () => {
  test('happens once, and is answered alike, quoted or not', async ({ as, db }) => {
    const ann = as('ann')
    const body = { title: 'Buy milk', labels: ['errands'] }

    const first = await ann.post('/tasks', body, withKey('key-1'))
    const again = await ann.post('/tasks', body, withKey('"key-1"'))

    expect(first.statusCode).toBe(201)
    expect(first.headers['idempotent-replayed']).toBeUndefined()
    expect(again.statusCode).toBe(201)
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      etag: first.headers.etag,
      location: first.headers.location,
    })
    expect(again.json()).toEqual(first.json())
    const { id: userId } = await ann.user
    expect((await db.find(db.tables.changeFeeds, { userId }))!.seq, 'one for the Inbox, one for the task').toBe(2)
  })

  test('ten times at once makes one task, with one number', async ({ as, buildTestApp, db }) => {
    const ann = as('ten')
    const other = await buildTestApp()
    const authorization = `Bearer ${await ann.token}`
    const request = { method: 'POST', url: '/tasks', payload: { title: 'Once' } } as const
    const headers = { authorization, 'idempotency-key': 'ten' }

    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 === 0 ? other.inject({ ...request, headers }) : ann.post('/tasks', request.payload, withKey('ten')),
      ),
    )

    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(201))
    expect(new Set(replies.map((reply) => reply.json().id)).size).toBe(1)
    expect(replies.filter((reply) => reply.headers['idempotent-replayed'] === 'true')).toHaveLength(9)
    expect((await ann.get('/tasks')).json()).toHaveLength(1)
    const { id: userId } = await ann.user
    expect((await db.find(db.tables.changeFeeds, { userId }))!.seq).toBe(2)
  })

  test('is refused with another body, path or query, and changes nothing', async ({ as }) => {
    const ann = as('reuse')
    const { id } = (await ann.post('/tasks', { title: 'a' }, withKey('k'))).json()

    for (const [url, body] of [
      ['/tasks', { title: 'b' }],
      ['/projects', { name: 'a' }],
      [`/tasks/${id}/complete`, undefined],
    ] as const) {
      const reply = await ann.post(url, body, withKey('k'))
      expect([reply.statusCode, reply.json().code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    }
    expect((await ann.get('/tasks')).json()).toMatchObject([{ title: 'a', status: 'pending' }])
  })

  test('that failed may be sent again', async ({ as }) => {
    const ann = as('failed')

    expect((await ann.post('/tasks', { title: 'a', project_id: 999_999_999 }, withKey('k'))).statusCode).toBe(422)
    expect((await ann.post('/tasks', { title: 'a' }, withKey('k'))).statusCode).toBe(201)
  })

  test('is answered as before although its If-Match is old by now', async ({ as }) => {
    const ann = as('old')
    const { id } = await ann.creates({ title: 'a' })
    const { etag } = (await ann.get(`/tasks/${id}`)).headers
    const headers = withKey('k', { 'if-match': String(etag) })

    const first = await ann.post(`/tasks/${id}/move`, { first: true }, headers)
    await ann.patch(`/tasks/${id}`, { title: 'b' })
    const again = await ann.post(`/tasks/${id}/move`, { first: true }, headers)

    expect([first.statusCode, again.statusCode]).toEqual([200, 200])
    expect(again.json()).toEqual(first.json())
    expect((await ann.get(`/tasks/${id}`)).json().title).toBe('b')
  })

  test('is one of its sender alone, and for a day', async ({ as, db }) => {
    const [ann, bob] = [as('day'), as('bob')]
    const first = await ann.post('/tasks', { title: 'a' }, withKey('k'))
    expect((await bob.post('/tasks', { title: 'a' }, withKey('k'))).headers['idempotent-replayed']).toBeUndefined()

    const { id: userId } = await ann.user
    await db.updateMany(db.tables.idempotencyKeys, { userId }, { createdAt: Date.now() - 86_400_001 })
    const later = await ann.post('/tasks', { title: 'a' }, withKey('k'))

    expect(later.headers['idempotent-replayed']).toBeUndefined()
    expect(later.json().id).not.toBe(first.json().id)
  })

  test.for(['', ' ', 'ä', 'x'.repeat(256), '"'])('refuses the key %j, and names the header', async (key, { as }) => {
    const reply = await as('ann').post('/tasks', { title: 'x' }, withKey(key))

    expect(reply.statusCode, reply.body).toBe(422)
    expect(reply.json().errors[0].parameter).toBe('idempotency-key')
  })
})
