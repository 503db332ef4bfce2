import { describe, expect } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { type Person, test } from './support/app.ts'

type Operation = { op: string } & Record<string, unknown>

const batch = (person: Person, operations: Operation[], further: object = {}, headers: Record<string, string> = {}) =>
  person.post('/tasks/batch', { operations, ...further }, headers)

const seqOf = async ({ user }: Person, db: Database): Promise<number> =>
  (await db.find(db.tables.changeFeeds, { userId: (await user).id }))!.seq

describe('a batch', () => {
  test('does everything that a task can be asked, in one write', async ({ as, db }) => {
    const ann = as('ann')
    const [changed, done, gone, purged, moved] = await Promise.all(
      ['changed', 'done', 'gone', 'purged', 'moved'].map((title) => ann.creates({ title })),
    )
    const trashed = await ann.creates({ title: 'trashed' })
    await ann.delete(`/tasks/${trashed.id}`)
    const { id: projectId } = (await ann.post('/projects', { name: 'House' })).json()
    const before = await seqOf(ann, db)

    const reply = await batch(ann, [
      { op: 'create', ref: 'house', task: { title: 'Move house', project_id: projectId } },
      { op: 'create', ref: 'pack', task: { title: 'Pack', parent_id: { ref: 'house' }, labels: ['home'] } },
      { op: 'change', id: changed!.id, changes: { priority: 'high' } },
      { op: 'change', id: { ref: 'pack' }, changes: { title: 'Pack the books' } },
      { op: 'complete', id: done!.id },
      { op: 'delete', id: gone!.id },
      { op: 'delete', id: purged!.id, permanent: true },
      { op: 'move', id: moved!.id, parent_id: { ref: 'house' }, before: { ref: 'pack' } },
      { op: 'restore', id: trashed.id },
    ])

    expect(reply.statusCode, reply.body).toBe(200)
    const { results } = reply.json()
    expect(results.map(({ status }: { status: number }) => status)).toEqual([
      201, 201, 200, 200, 200, 204, 204, 200, 200,
    ])
    const [house, pack] = results
    expect(pack.task).toMatchObject({ title: 'Pack the books', parent_id: house.id, labels: ['home'] })
    expect(results[2].task).toMatchObject({ title: 'changed', priority: 'high' })
    expect(results[4].task.status).toBe('completed')
    expect(results[6]).toEqual({ status: 204, id: purged!.id })
    expect(results[7].task.parent_id).toBe(house.id)
    expect(results[7].task.position < pack.task.position).toBe(true)
    expect(results[8].task.deleted_at).toBeNull()
    const read = await ann.get(`/tasks/${pack.id}`)
    expect([read.json(), read.headers.etag]).toEqual([pack.task, pack.etag])
    expect(await seqOf(ann, db)).toBe(before + 1)
  })

  test('does nothing if one operation fails, and says which', async ({ as, db }) => {
    const ann = as('atomic')
    const task = await ann.creates({ title: 'a' })
    const before = await seqOf(ann, db)
    const wrong: [Operation, number, string, string][] = [
      [{ op: 'change', id: 999_999_999, changes: { title: 'x' } }, 404, 'TASK_NOT_FOUND', '/operations/1'],
      [
        { op: 'change', id: task.id, if_match: '"1-1-abc"', changes: { title: 'x' } },
        412,
        'PRECONDITION_FAILED',
        '/operations/1',
      ],
      [{ op: 'create', task: { title: '' } }, 422, 'INVALID_INPUT', '/operations/1/task/title'],
      [
        { op: 'create', task: { title: 'x', parent_id: 999_999_999 } },
        422,
        'INVALID_INPUT',
        '/operations/1/task/parent_id',
      ],
      [
        { op: 'create', task: { title: 'x', parent_id: { ref: 'later' } } },
        422,
        'INVALID_INPUT',
        '/operations/1/task/parent_id',
      ],
      [{ op: 'create', ref: 'first', task: { title: 'x' } }, 422, 'INVALID_INPUT', '/operations/1/ref'],
      [{ op: 'change', id: { ref: 'nobody' }, changes: {} }, 422, 'INVALID_INPUT', '/operations/1/id'],
      [{ op: 'move', id: task.id, before: 999_999_999 }, 422, 'INVALID_INPUT', '/operations/1/before'],
      [{ op: 'explode', id: task.id }, 422, 'INVALID_INPUT', '/operations/1/op'],
      [{ op: 'restore', id: task.id, changes: {} }, 422, 'INVALID_INPUT', '/operations/1/changes'],
      [{ op: 'complete', id: '1' }, 422, 'INVALID_INPUT', '/operations/1/id'],
    ]

    for (const [operation, status, code, pointer] of wrong) {
      const first = { op: 'create', ref: 'first', task: { title: 'never' } }
      const reply = await batch(ann, [first, operation, { op: 'delete', id: task.id }])
      expect([reply.statusCode, reply.json().code], reply.body).toEqual([status, code])
      expect(reply.json().errors, reply.body).toMatchObject([{ pointer }])
    }

    expect((await ann.get('/tasks')).json()).toEqual([task])
    expect(await seqOf(ann, db)).toBe(before)
  })

  test('that is not atomic goes on after a failure, each operation with its number', async ({ as, db }) => {
    const ann = as('steps')
    const before = await seqOf(ann, db)

    const reply = await batch(
      ann,
      [
        { op: 'create', ref: 'a', task: { title: 'a' } },
        { op: 'create', ref: 'b', task: { title: 'b', parent_id: 999_999_999 } },
        { op: 'change', id: { ref: 'b' }, changes: { title: 'x' } },
        { op: 'change', id: { ref: 'a' }, changes: { title: 'A' } },
      ],
      { atomic: false },
    )

    const { results } = reply.json()
    expect(results).toMatchObject([
      { status: 201, task: { title: 'A' } },
      { status: 422, problem: { code: 'INVALID_INPUT', errors: [{ pointer: '/operations/1/task/parent_id' }] } },
      { status: 422, problem: { errors: [{ pointer: '/operations/2/id' }] } },
      { status: 200, task: { title: 'A' } },
    ])
    expect(await seqOf(ann, db)).toBe(before + 2)
  })

  test('compares if_match with the version before it, though it changes a task twice', async ({ as }) => {
    const ann = as('versions')
    const { id } = await ann.creates({ title: 'a' })
    const { etag } = (await ann.get(`/tasks/${id}`)).headers
    const twice = [
      { op: 'change', id, if_match: etag, changes: { title: 'b' } },
      { op: 'complete', id, if_match: etag },
    ]

    expect((await batch(ann, twice)).statusCode).toBe(200)
    const again = [
      { op: 'change', id, changes: { title: 'c' } },
      { op: 'delete', id, if_match: etag },
    ]
    expect((await batch(ann, again)).json()).toMatchObject({
      code: 'PRECONDITION_FAILED',
      errors: [{ pointer: '/operations/1' }],
    })
    expect((await ann.get(`/tasks/${id}`)).json()).toMatchObject({ title: 'b', status: 'completed' })
  })

  test('leaves the tasks out of its answer if that is preferred', async ({ as }) => {
    const ann = as('minimal')

    const reply = await batch(
      ann,
      [{ op: 'create', task: { title: 'a' } }],
      {},
      { prefer: 'respond-async, return=minimal' },
    )

    expect(reply.json()).toEqual({ results: [{ status: 201, id: expect.any(Number) }] })
    expect(reply.headers['preference-applied']).toBe('return=minimal')
  })

  test('answers no more than about a megabyte of tasks', async ({ as }) => {
    const ann = as('long')
    const description = 'x'.repeat(20_000)
    const ids: number[] = []
    for (let i = 0; i < 60; i++) ids.push((await ann.creates({ title: 'a', description })).id)

    const reply = await batch(
      ann,
      ids.map((id) => ({ op: 'change', id, changes: { status: 'in_progress' } })),
    )

    expect(reply.statusCode).toBe(200)
    expect(reply.body.length).toBeLessThan(1_100_000)
    expect(reply.json().results).toHaveLength(60)
    expect(reply.json().results.at(-1)).toEqual({ status: 200, id: ids.at(-1), etag: expect.any(String) })
  })

  test('reads a megabyte, and no more than 100 operations', async ({ as }) => {
    const ann = as('limits')
    const create = (description: string) => ({ op: 'create', task: { title: 'a', description } })

    const most = await batch(ann, Array(52).fill(create('x'.repeat(20_000))))
    const tooLong = await batch(ann, Array(53).fill(create('x'.repeat(20_000))))
    const tooMany = await batch(ann, Array(101).fill(create('x')))
    const none = await batch(ann, [])

    expect([most, tooLong, tooMany, none].map(({ statusCode }) => statusCode)).toEqual([200, 413, 422, 422])
    expect(tooMany.json().errors).toMatchObject([{ pointer: '/operations' }])
  })

  test('that would change more than 1,000 tasks at once is refused, and changes nothing', async ({ as, db }) => {
    const ann = as('wide')
    const roots: number[] = []
    for (let tree = 0; tree < 3; tree++) {
      const { id } = await ann.creates({ title: 'root' })
      roots.push(id)
      for (let i = 0; i < 4; i++) {
        const children = Array.from({ length: 100 }, () => ({ op: 'create', task: { title: 'x', parent_id: id } }))
        expect((await batch(ann, children)).statusCode).toBe(200)
      }
    }
    const deletes = roots.map((id) => ({ op: 'delete', id }))
    const before = await seqOf(ann, db)

    const reply = await batch(ann, deletes)

    expect([reply.statusCode, reply.json().code]).toEqual([409, 'BATCH_TOO_LARGE'])
    expect(await seqOf(ann, db)).toBe(before)
    expect((await batch(ann, deletes, { atomic: false })).json().results).toMatchObject(Array(3).fill({ status: 204 }))
    expect((await ann.get('/tasks')).json()).toEqual([])
  })

  test('touches nothing of others', async ({ as }) => {
    const [ann, bob] = [as('mine'), as('theirs')]
    const task = await bob.creates({ title: 'Mine' })
    const operations = [
      { op: 'change', id: task.id, changes: { title: 'x' } },
      { op: 'delete', id: task.id },
      { op: 'delete', id: task.id, permanent: true },
      { op: 'complete', id: task.id },
      { op: 'move', id: task.id, first: true },
      { op: 'restore', id: task.id },
    ]

    const { results } = (await batch(ann, operations, { atomic: false })).json()

    expect(results).toMatchObject(operations.map(() => ({ status: 404 })))
    expect((await bob.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  test('counts for the rate limit as its operations do', async ({ as, buildTestApp }) => {
    const ann = as('limited')
    const app = await buildTestApp({ RATE_LIMIT_MAX: '50' })
    const authorization = `Bearer ${await ann.token}`
    const create = { op: 'create', task: { title: 'a' } }
    const send = (count: number) =>
      app.inject({
        method: 'POST',
        url: '/tasks/batch',
        headers: { authorization },
        payload: { operations: Array(count).fill(create) },
      })

    expect((await send(30)).headers.ratelimit).toMatch(/^"default";r=20;/)
    expect((await send(30)).statusCode).toBe(429)
    expect((await ann.get('/tasks')).json()).toHaveLength(30)
  })
})

describe('a batch with an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'batch' }
  const create = (title: string) => ({ op: 'create', task: { title } })

  test.for([true, false])('happens once, with atomic: %s, also when ten come at once', async (atomic, { as }) => {
    const ann = as(`once ${atomic}`)
    const operations = [create('a'), { op: 'delete', id: 999_999_999 }, create('b')].slice(0, atomic ? 1 : 3)

    const replies = await Promise.all(Array.from({ length: 10 }, () => batch(ann, operations, { atomic }, key)))
    const later = await batch(ann, operations, { atomic }, key)

    expect((await ann.get('/tasks')).json()).toHaveLength(atomic ? 1 : 2)
    for (const reply of [...replies, later]) {
      expect(reply.statusCode).toBe(200)
      expect(reply.json()).toEqual(later.json())
    }
    expect(later.headers['idempotent-replayed']).toBe('true')
    expect((await batch(ann, [create('c')], { atomic }, key)).json().code).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('goes on where it was interrupted', async ({ as, db }) => {
    const ann = as('interrupted')
    const operations = [create('a'), create('b'), { op: 'delete', id: 999_999_999 }, create('c')]
    const whole = await batch(ann, operations, { atomic: false }, key)
    const { id: userId } = await ann.user
    const row = (await db.find(db.tables.idempotencyKeys, { userId, key: 'batch' }))!
    // As a server leaves it that ends after the first two.
    await db.updateMany(
      db.tables.idempotencyKeys,
      { id: row.id },
      { body: JSON.stringify(JSON.parse(row.body!).slice(0, 2)) },
    )
    const { id } = whole.json().results[3]
    await ann.delete(`/tasks/${id}?permanent=true`)

    const retry = await batch(ann, operations, { atomic: false }, key)

    expect(retry.json().results.slice(0, 3)).toEqual(whole.json().results.slice(0, 3))
    expect(retry.json().results[3]).toMatchObject({ status: 201, task: { title: 'c' } })
    expect((await ann.get('/tasks')).json()).toHaveLength(3)
  })
})
