import { expect, vi } from 'vitest'
import { DatabaseUnavailable } from '../src/database/database.ts'
import { test } from './support/app.ts'

const next = { title: 'Buy bread' }

test('a task has a version, which its reads and writes answer alike', async ({ as }) => {
  const ann = as('ann')
  const created = await ann.post('/tasks', { title: 'Buy milk' })
  const { id } = created.json()

  const read = await ann.get(`/tasks/${id}`)
  const put = await ann.put(`/tasks/${id}`, next)
  const patched = await ann.patch(`/tasks/${id}`, { status: 'completed' })
  const reread = await ann.get(`/tasks/${id}`)

  expect(created.headers.etag).toMatch(/^"1-[0-9a-z]+-[\w-]{6}"$/)
  expect(read.headers.etag).toBe(created.headers.etag)
  expect(new Set([created, put, patched].map(({ headers }) => headers.etag)).size).toBe(3)
  expect(reread.headers.etag).toBe(patched.headers.etag)
})

test('a read that has the current version is answered 304, of one task and of a list', async ({ as }) => {
  const ann = as('ann')
  const { id } = await ann.creates({ title: 'Buy milk' })
  const reads = [`/tasks/${id}`, '/tasks', '/tasks?limit=1']

  for (const url of reads) {
    const { etag } = (await ann.get(url)).headers
    const again = await ann.get(url, undefined, { 'if-none-match': `"other", W/${etag}` })
    expect(again.statusCode, url).toBe(304)
    expect(again.body).toBe('')
    expect(again.headers).toMatchObject({ etag, 'cache-control': 'private, no-cache' })

    await ann.patch(`/tasks/${id}`, { title: `Changed for ${url}` })
    const changed = await ann.get(url, undefined, { 'if-none-match': String(etag) })
    expect(changed.statusCode, url).toBe(200)
  }
})

test('two lists, and the same list of two people, have different versions', async ({ as }) => {
  const [ann, bob] = [as('versions-ann'), as('versions-bob')]
  await Promise.all([ann, bob].map((person) => person.creates({ title: 'Buy milk' })))

  const tags = await Promise.all([
    ...['/tasks', '/tasks?limit=1', '/tasks?limit=2'].map(async (url) => (await ann.get(url)).headers.etag),
    (await bob.get('/tasks')).headers.etag,
  ])

  expect(new Set(tags).size).toBe(4)
})

test('If-Match changes and deletes the version that was read, and no other', async ({ as }) => {
  const ann = as('ann')
  const created = await ann.post('/tasks', { title: 'Buy milk' })
  const { id } = created.json()
  const stale = { 'if-match': String(created.headers.etag) }
  const changed = await ann.put(`/tasks/${id}`, next, stale)
  const current = { 'if-match': `"x", ${changed.headers.etag}` }

  const refused = await Promise.all([
    ann.put(`/tasks/${id}`, { title: 'Lost' }, stale),
    ann.patch(`/tasks/${id}`, { title: 'Lost' }, stale),
    ann.delete(`/tasks/${id}`, undefined, stale),
    ann.patch(`/tasks/${id}`, { title: 'Lost' }, { 'if-match': `W/${changed.headers.etag}` }),
    ann.patch(`/tasks/${id}`, { title: 'Lost' }, { 'if-match': 'nonsense' }),
  ])
  const after = await ann.get(`/tasks/${id}`)
  const patched = await ann.patch(`/tasks/${id}`, { status: 'in_progress' }, current)
  const any = await ann.delete(`/tasks/${id}`, undefined, { 'if-match': '*' })

  for (const answer of refused) {
    expect(answer.statusCode).toBe(412)
    expect(answer.json()).toMatchObject({ code: 'PRECONDITION_FAILED', status: 412 })
  }
  expect(after.headers.etag).toBe(changed.headers.etag)
  expect(after.json()).toEqual(changed.json())
  expect([changed.statusCode, patched.statusCode, any.statusCode]).toEqual([200, 200, 204])
})

test('If-Match on a task that is not there, or another’s, answers as without it', async ({ as }) => {
  const [ann, bob] = [as('ann'), as('bob')]
  const { id } = await ann.creates({ title: 'Buy milk' })
  const header = { 'if-match': '*' }

  const answers = [
    await bob.put(`/tasks/${id}`, next, header),
    await bob.delete(`/tasks/${id}`, undefined, header),
    await bob.delete('/tasks/999999999', undefined, { 'if-match': '"1-1-abcdef"' }),
  ]

  for (const answer of answers) expect(answer.json()).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' })
})

test('a change that alters nothing keeps the version, even when it is repeated with the one before', async ({
  as,
  db,
}) => {
  const ann = as('ann')
  const created = await ann.post('/tasks', { title: 'Buy milk' })
  const { id, user_id: userId } = created.json()
  const changed = await ann.patch(`/tasks/${id}`, { status: 'completed' })
  const { seq } = (await db.find(db.tables.changeFeeds, { userId }))!

  const repeated = await ann.patch(
    `/tasks/${id}`,
    { status: 'completed' },
    { 'if-match': String(created.headers.etag) },
  )
  const empty = await ann.put(`/tasks/${id}`, {})

  for (const answer of [repeated, empty]) {
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual(changed.json())
    expect(answer.headers.etag).toBe(changed.headers.etag)
  }
  expect((await db.find(db.tables.changeFeeds, { userId }))?.seq).toBe(seq)
})

test('of ten writers with one version, one succeeds', async ({ as, buildTestApp }) => {
  const ann = as('ann')
  const created = await ann.post('/tasks', { title: 'Buy milk' })
  const { id } = created.json()
  const headers = { authorization: `Bearer ${await ann.token}`, 'if-match': String(created.headers.etag) }
  const other = await buildTestApp() // a second instance

  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => {
      const payload = { title: `Writer ${n}` }
      return n % 2 === 0
        ? ann.patch(`/tasks/${id}`, payload, headers)
        : other.inject({ method: 'PATCH', url: `/tasks/${id}`, headers, payload })
    }),
  )

  const statuses = answers.map(({ statusCode }) => statusCode).sort()
  expect(statuses).toEqual([200, ...Array(9).fill(412)])
  const winner = answers.find(({ statusCode }) => statusCode === 200)!
  expect((await ann.get(`/tasks/${id}`)).json()).toEqual(winner.json())
})

test('a list that cannot be answered has no version', async ({ as, app }) => {
  const ann = as('ann')
  await ann.token
  using list = vi.spyOn(app.db, 'list').mockRejectedValue(new DatabaseUnavailable('test'))

  const answer = await ann.get('/tasks')

  expect(answer.statusCode).toBe(503)
  expect(answer.headers.etag).toBeUndefined()
  expect(list).toHaveBeenCalled()
})
