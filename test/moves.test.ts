import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

describe('a task is moved', () => {
  test('before, after and in front of its siblings, or to the end', async ({ as }) => {
    const ann = as('order')
    const [a, b, c] = [
      await ann.creates({ title: 'a' }),
      await ann.creates({ title: 'b' }),
      await ann.creates({ title: 'c' }),
    ]
    const order = async () => {
      const tasks: { title: string; position: string }[] = (await ann.get('/tasks')).json()
      return tasks
        .toSorted((x, y) => (x.position < y.position ? -1 : 1))
        .map(({ title }) => title)
        .join('')
    }
    const move = async (id: number, body: object) =>
      expect((await ann.post(`/tasks/${id}/move`, body)).statusCode).toBe(200)

    expect(await order()).toBe('abc')
    await move(c.id, { before: b.id })
    expect(await order()).toBe('acb')
    await move(a.id, { after: c.id })
    expect(await order()).toBe('cab')
    await move(b.id, { first: true })
    expect(await order()).toBe('bca')
    await move(c.id, {})
    expect(await order()).toBe('bac')
    await move(a.id, { after: c.id })
    expect(await order()).toBe('bca')
  })

  test('into the same gap as often as one likes, in the right order', async ({ as, db }) => {
    const ann = as('gap')
    const first = await ann.creates({ title: 'first' })
    const last = await ann.creates({ title: 'last' })
    const moving = [await ann.creates({ title: 'x' }), await ann.creates({ title: 'y' })]

    for (let i = 0; i < 300; i++)
      await ann.post(`/tasks/${moving[i % 2]!.id}/move`, i % 4 < 2 ? { after: first.id } : { before: last.id })
    await ann.post(`/tasks/${moving[0]!.id}/move`, { after: first.id })

    const rows = await Promise.all([first, ...moving, last].map(({ id }) => db.find(db.tables.tasks, { id })))
    const keys = rows.map((row) => row!.position)
    expect(keys).toEqual(keys.toSorted())
    expect(Math.max(...keys.map(({ length }) => length))).toBeLessThanOrEqual(48)
  })

  test('between two that have the same key', async ({ as, db }) => {
    const ann = as('equal')
    const [a, b, c] = [
      await ann.creates({ title: 'a' }),
      await ann.creates({ title: 'b' }),
      await ann.creates({ title: 'c' }),
    ]
    const { userId } = (await db.find(db.tables.tasks, { id: a.id }))!
    await db.updateMany(db.tables.tasks, { userId }, { position: 'h0' })

    expect((await ann.post(`/tasks/${c.id}/move`, { after: a.id })).statusCode).toBe(200)

    const rows = await Promise.all([a, c, b].map(({ id }) => db.find(db.tables.tasks, { id })))
    const keys = rows.map((row) => row!.position)
    expect(keys).toEqual(keys.toSorted())
    expect(new Set(keys).size).toBe(3)
  })

  test('under another task and back, but never under itself', async ({ as }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'parent' })
    const child = await ann.creates({ title: 'child', parent_id: parent.id })
    const other = await ann.creates({ title: 'other' })

    expect((await ann.post(`/tasks/${other.id}/move`, { parent_id: child.id })).json().parent_id).toBe(child.id)
    const cycle = await ann.post(`/tasks/${parent.id}/move`, { parent_id: other.id })
    expect(cycle.statusCode).toBe(422)
    expect(cycle.json().errors).toEqual([expect.objectContaining({ pointer: '/parent_id' })])
    expect((await ann.post(`/tasks/${parent.id}/move`, { parent_id: parent.id })).statusCode).toBe(422)
    expect((await ann.post(`/tasks/${child.id}/move`, { parent_id: null })).json().parent_id).toBeNull()
  })

  test.for([
    ['another’s task', { parent_id: 'bob' }, '/parent_id'],
    ['what is not there', { before: 999_999_999 }, '/before'],
    ['a task of another list', { after: 'child' }, '/after'],
    ['itself', { after: 'self' }, '/after'],
    ['another’s project', { project_id: 999_999_999 }, '/project_id'],
  ] as const)('but not next to or under %s', async ([, body, pointer], { as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'task' })
    const child = await ann.creates({ title: 'child', parent_id: task.id })
    const bobs = await as('bob').creates({ title: 'bob' })
    const ids: Record<string, number> = { bob: bobs.id, child: child.id, self: task.id }
    const real = Object.fromEntries(Object.entries(body).map(([name, id]) => [name, ids[id] ?? id]))

    const reply = await ann.post(`/tasks/${task.id}/move`, real)

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([expect.objectContaining({ pointer })])
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  test('to one place only', async ({ as }) => {
    const ann = as('ann')
    const [a, b] = [await ann.creates({ title: 'a' }), await ann.creates({ title: 'b' })]

    expect((await ann.post(`/tasks/${a.id}/move`, { first: true, after: b.id })).statusCode).toBe(422)
  })
})

describe('a tree', () => {
  test('has five levels at most', async ({ as }) => {
    const ann = as('ann')
    let parent = await ann.creates({ title: '1' })
    for (const title of ['2', '3', '4', '5']) parent = await ann.creates({ title, parent_id: parent.id })

    const sixth = await ann.post('/tasks', { title: '6', parent_id: parent.id })

    expect(sixth.statusCode).toBe(422)
    expect(sixth.json().errors).toEqual([expect.objectContaining({ pointer: '/parent_id' })])
    const pair = await ann.creates({ title: 'a' })
    await ann.creates({ title: 'b', parent_id: pair.id })
    const fourth = (await ann.get(`/tasks/${parent.id}`)).json().parent_id
    expect((await ann.patch(`/tasks/${pair.id}`, { parent_id: fourth })).statusCode).toBe(422)
  })

  test('has 500 tasks at most', async ({ as, db }) => {
    const ann = as('wide')
    const top = await ann.creates({ title: 'top' })
    const row = (await db.find(db.tables.tasks, { id: top.id }))!
    const { id: _, ...copy } = row
    await db.transaction((tx) =>
      tx.insertMany(
        tx.tables.tasks,
        Array.from({ length: 498 }, () => ({ ...copy, parentId: top.id })),
      ),
    )

    expect((await ann.post('/tasks', { title: '500', parent_id: top.id })).statusCode).toBe(201)
    const refused = await ann.post('/tasks', { title: '501', parent_id: top.id })
    expect(refused.statusCode).toBe(409)
    expect(refused.json().code).toBe('TREE_TOO_LARGE')

    expect((await ann.delete(`/tasks/${top.id}`)).statusCode).toBe(204)
    expect((await ann.post(`/tasks/${top.id}/restore`)).statusCode).toBe(200)
    expect((await ann.post(`/tasks/${top.id}/complete`, { subtasks: 'complete' })).statusCode).toBe(200)
    expect(await db.find(db.tables.tasks, { parentId: top.id, status: 'pending' })).toBeUndefined()
  })
})

describe('completing', () => {
  test('needs no body, and happens once', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Milk' })

    const done = await ann.post(`/tasks/${id}/complete`)

    expect(done.json()).toMatchObject({ status: 'completed', completed_at: expect.any(String) })
    const again = await ann.post(`/tasks/${id}/complete`, {})
    expect(again.json()).toEqual(done.json())
    expect(again.headers.etag).toBe(done.headers.etag)
  })

  test('takes the subtasks along only when asked', async ({ as }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'parent' })
    const child = await ann.creates({ title: 'child', parent_id: parent.id })

    await ann.post(`/tasks/${parent.id}/complete`, { completed_at: '2026-01-31T09:00:00Z' })
    expect((await ann.get(`/tasks/${child.id}`)).json().status).toBe('pending')
    expect((await ann.get(`/tasks/${parent.id}`)).json().completed_at).toBe('2026-01-31T09:00:00.000Z')

    await ann.post(`/tasks/${parent.id}/complete`, { subtasks: 'complete' })
    expect((await ann.get(`/tasks/${child.id}`)).json()).toMatchObject({ status: 'completed' })
    expect((await ann.get(`/tasks/${parent.id}`)).json().completed_at).toBe('2026-01-31T09:00:00.000Z')
  })

  test('is not for tomorrow', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Milk' })

    const reply = await ann.post(`/tasks/${id}/complete`, { completed_at: '2999-01-01T00:00:00Z' })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([expect.objectContaining({ pointer: '/completed_at' })])
  })

  test('two subtasks leaves the version of the parent as it was', async ({ as }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'parent' })
    const children = [
      await ann.creates({ title: 'a', parent_id: parent.id }),
      await ann.creates({ title: 'b', parent_id: parent.id }),
    ]
    const tags = await Promise.all(
      [parent, ...children].map(async ({ id }) => String((await ann.get(`/tasks/${id}`)).headers.etag)),
    )

    for (const [i, { id }] of children.entries()) {
      const reply = await ann.post(`/tasks/${id}/complete`, undefined, { 'if-match': tags[i + 1]! })
      expect(reply.statusCode).toBe(200)
    }
    expect((await ann.patch(`/tasks/${parent.id}`, { title: 'x' }, { 'if-match': tags[0]! })).statusCode).toBe(200)
  })

  test.for(['complete', 'move', 'restore'])('and the like is refused with an old version: %s', async (verb, { as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Milk' })
    const { etag } = (await ann.get(`/tasks/${id}`)).headers
    await ann.patch(`/tasks/${id}`, { title: 'Oat milk' })
    if (verb === 'restore') await ann.delete(`/tasks/${id}`)
    const body = verb === 'move' ? { first: true } : undefined

    const reply = await ann.post(`/tasks/${id}/${verb}`, body, { 'if-match': String(etag) })

    expect(reply.statusCode).toBe(412)
    const path = verb === 'restore' ? `/tasks/${id}?trashed=true` : `/tasks/${id}`
    expect((await ann.get(path)).json()).toMatchObject({ title: 'Oat milk', status: 'pending' })
  })
})

describe('due', () => {
  test.for([
    [{ date: '2026-12-01' }, null],
    [{ datetime: '2026-12-01T09:00:00', timezone: 'Europe/Berlin' }, '2026-12-01T08:00:00.000Z'],
    [{ datetime: '2026-03-29T02:30:00', timezone: 'Europe/Berlin' }, '2026-03-29T01:30:00.000Z'], // skipped: 03:30
    [{ datetime: '2026-10-25T02:30:00', timezone: 'Europe/Berlin' }, '2026-10-25T00:30:00.000Z'], // the first of two
    [null, null],
  ] as const)('is kept as it was said: %j', async ([due, dueAt], { as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'Milk', due })

    expect(task).toMatchObject({ due, due_at: dueAt })
    expect((await ann.patch(`/tasks/${task.id}`, { due: task.due, start: task.start })).json()).toEqual(task)
  })

  test('has the time zone of the account unless it names one', async ({ as }) => {
    const ann = as('berlin')
    await ann.patch('/users/me', { timezone: 'Europe/Berlin' })

    const task = await ann.creates({ title: 'Milk', due: { datetime: '2026-07-01T09:00:00' } })

    expect(task.due).toEqual({ datetime: '2026-07-01T09:00:00', timezone: 'Europe/Berlin' })
    expect(task.due_at).toBe('2026-07-01T07:00:00.000Z')
  })

  test.for([
    [{ due: { date: '2026-02-30' } }, '/due/date'],
    [{ due: { datetime: '2026-02-30T09:00:00' } }, '/due/datetime'],
    [{ due: { datetime: '2026-12-01T09:00:00', timezone: 'Mars/Base' } }, '/due/timezone'],
    [{ due: { date: '2026-12-01', datetime: '2026-12-01T09:00:00' } }, '/due'],
    [{ due: { date: '2026-12-01', timezone: 'UTC' } }, '/due'],
    [{ due: {} }, '/due'],
    [{ due: { date: '2026-12-01' }, start: { datetime: '2026-11-01T09:00:00' } }, '/start'],
    [{ due: { date: '2026-12-01' }, start: { date: '2026-12-02' } }, '/start'],
    [{ labels: ['a,b'] }, '/labels/0'],
    [{ labels: ['ﷺﷺﷺﷺ'] }, '/labels/0'],
    [{ project_id: 999_999_999 }, '/project_id'],
    [{ parent_id: 999_999_999 }, '/parent_id'],
  ] as const)('and the like say where they are wrong: %j', async ([body, pointer], { as }) => {
    const reply = await as('ann').post('/tasks', { title: 'x', ...body })

    expect(reply.statusCode, reply.body).toBe(422)
    expect(reply.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toContain(pointer)
  })
})

test('labels of a task are made on demand, whatever their case, and are replaced as a whole', async ({ as, db }) => {
  const ann = as('labels')
  const task = await ann.creates({ title: 'Milk', labels: ['Errands', 'home', 'ERRANDS'] })
  expect(task.labels).toEqual(['Errands', 'home'])
  const again = await ann.creates({ title: 'Bread', labels: ['errands'] })
  expect(again.labels).toEqual(['Errands'])

  const same = await ann.patch(`/tasks/${task.id}`, { labels: ['errands', 'HOME'] })
  expect(same.json(), 'no change').toEqual(task)
  expect((await ann.patch(`/tasks/${task.id}`, { labels: [] })).json().labels).toEqual([])

  const { id: userId } = await ann.user
  expect(await db.find(db.tables.taskLabels, { taskId: task.id })).toBeUndefined()
  expect(await db.find(db.tables.labels, { userId, nameKey: 'home' })).toMatchObject({ name: 'home' })
})
