import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { beginNewEpoch } from '../src/changes/epochs.ts'
import { deletionsKeptMs } from '../src/changes/expiry.ts'
import { type App, nextOf, type Person, test } from './support/app.ts'

interface Item {
  id: number
}
interface Page {
  sync_token: string
  full_sync: boolean
  has_more: boolean
  projects: Item[]
  labels: Item[]
  tasks: Item[]
  deleted: { type: string; id: number }[]
}
type Ask = (url: string) => Promise<{ statusCode: number; body: string; json(): unknown }>

/** A client that keeps a copy, and asks pages of a size. */
function follower(ask: Ask, limit: number, query = '') {
  const copy = { project: new Map<number, Item>(), label: new Map<number, Item>(), task: new Map<number, Item>() }
  let token: string | undefined
  let pages = 0

  async function next(): Promise<Page> {
    const url = `/sync?limit=${limit}${token === undefined ? query : `&sync_token=${token}`}`
    const reply = await ask(url)
    expect(reply.statusCode, `${url} ${reply.body}`).toBe(200)
    const page = reply.json() as Page
    const members = { project: page.projects, label: page.labels, task: page.tasks }
    const told = Object.entries(members).flatMap(([type, items]) => items.map(({ id }) => `${type} ${id}`))
    const gone = page.deleted.map(({ type, id }) => `${type} ${id}`)
    expect(new Set([...told, ...gone]).size, 'each thing once').toBe(told.length + gone.length)
    expect(told.length + gone.length).toBeLessThanOrEqual(limit)
    for (const [type, items] of Object.entries(members)) {
      for (const item of items) copy[type as keyof typeof copy].set(item.id, item)
    }
    for (const { type, id } of page.deleted) copy[type as keyof typeof copy].delete(id)
    token = page.sync_token
    pages++
    return page
  }

  return {
    copy,
    next,
    get token() {
      return token!
    },
    get pages() {
      return pages
    },
    async untilCurrent(): Promise<Page> {
      for (;;) {
        const page = await next()
        if (!page.has_more) return page
      }
    },
  }
}

async function everyItem({ get }: Person, path: string): Promise<Item[]> {
  const items: Item[] = []
  for (let url: string | undefined = path; url !== undefined; ) {
    const reply = await get(url)
    expect(reply.statusCode, reply.body).toBe(200)
    items.push(...reply.json())
    url = nextOf(url, reply)
  }
  return items
}

async function expectCopy(person: Person, { copy }: ReturnType<typeof follower>) {
  const byId = (items: Iterable<Item>) => [...items].sort((a, b) => a.id - b.id)
  const archived = await everyItem(person, '/projects?archived=true')
  expect(byId(copy.project.values())).toEqual(byId([...(await everyItem(person, '/projects')), ...archived]))
  expect(byId(copy.label.values())).toEqual(byId(await everyItem(person, '/labels')))
  expect(byId(copy.task.values())).toEqual(byId(await everyItem(person, '/tasks?limit=500')))
}

const { floor, random } = Math
const below = (n: number) => floor(random() * n)
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!

/** Random writes by one of several clients; a refusal is as good as a success. */
function writer(app: App, token: string, shared: { tasks: number[]; projects: number[]; labels: number[] }) {
  const send = async (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const headers = { authorization: `Bearer ${token}` }
    const reply = await app.inject({ method, url, headers, ...(payload && { payload }) })
    expect(reply.statusCode, `${method} ${url} ${reply.body}`).toBeLessThan(500)
    return reply
  }
  const adds = async (kind: keyof typeof shared, payload: object) => {
    const reply = await send('POST', `/${kind}`, payload)
    if (reply.statusCode === 201) shared[kind].push(reply.json().id)
  }
  const task = () => `/tasks/${oneOf(shared.tasks)}`
  const project = () => `/projects/${oneOf(shared.projects)}`
  const label = () => `/labels/${oneOf(shared.labels)}`
  const names = ['home', 'work', 'errands', 'calls', 'later']
  const writes: [weight: number, write: () => Promise<unknown>][] = [
    [6, () => adds('tasks', { title: `task ${random()}` })],
    [3, () => adds('tasks', { title: 'below', parent_id: oneOf(shared.tasks), labels: [oneOf(names)] })],
    [2, () => adds('tasks', { title: 'in a project', project_id: oneOf(shared.projects) })],
    [6, () => send('PATCH', task(), { title: `changed ${random()}` })],
    [2, () => send('PATCH', task(), { labels: [oneOf(names), oneOf(names)] })],
    [2, () => send('PATCH', task(), { status: oneOf(['pending', 'in_progress', 'cancelled']) })],
    [3, () => send('POST', `${task()}/complete`, { subtasks: oneOf(['keep', 'complete']) })],
    [3, () => send('POST', `${task()}/move`, { project_id: oneOf(shared.projects) })],
    [2, () => send('POST', `${task()}/move`, { first: true })],
    [3, () => send('DELETE', task())],
    [2, () => send('DELETE', `${task()}?permanent=true`)],
    [3, () => send('POST', `${task()}/restore`)],
    [1, () => send('DELETE', '/tasks?trashed=true')],
    [1, () => adds('projects', { name: `project ${random()}` })],
    [1, () => send('PATCH', project(), { name: `project ${random()}` })],
    [1, () => send('POST', `${project()}/archive`)],
    [1, () => send('POST', `${project()}/unarchive`)],
    [1, () => send('DELETE', project())],
    [1, () => send('POST', `${project()}/restore`)],
    [1, () => send('DELETE', `${project()}?permanent=true`)],
    [1, () => adds('labels', { name: oneOf(names) })],
    [1, () => send('PATCH', label(), { name: `${oneOf(names)} ${below(3)}` })],
    [1, () => send('DELETE', label())],
  ]
  const choices = writes.flatMap(([weight, write]) => Array(weight).fill(write) as (typeof write)[])
  return () => oneOf(choices)()
}

describe('a copy that follows by GET /sync', () => {
  test('starts from everything, and then gets what changed', async ({ as }) => {
    const ann = as('ann')
    const { id: projectId } = (await ann.post('/projects', { name: 'House' })).json()
    const task = await ann.creates({ title: 'Paint', project_id: projectId, labels: ['home'] })
    await ann.creates({ title: 'Gone before' }).then(({ id }) => ann.delete(`/tasks/${id}`))
    const client = follower(ann.get, 500)

    const all = await client.next()
    expect(all).toMatchObject({ full_sync: true, has_more: false, labels: [{ name: 'home' }], deleted: [] })
    expect(all.tasks).toEqual([task])
    expect(all.projects).toMatchObject([{ is_inbox: true }, { name: 'House' }])

    const changed = (await ann.patch(`/tasks/${task.id}`, { title: 'Paint it blue' })).json()
    expect(await client.next()).toMatchObject({ full_sync: false, has_more: false, tasks: [changed], projects: [] })
    await ann.delete(`/tasks/${task.id}`)
    expect(await client.next()).toMatchObject({ tasks: [], deleted: [{ type: 'task', id: task.id }] })
    await ann.post(`/tasks/${task.id}/restore`)
    expect((await client.next()).tasks).toMatchObject([{ id: task.id, deleted_at: null }])
    await ann.delete(`/tasks/${task.id}?permanent=true`)
    expect((await client.next()).deleted).toEqual([{ type: 'task', id: task.id }])
  })

  test('is told nothing when nothing changed, and keeps its token', async ({ as }) => {
    const ann = as('quiet')
    const client = follower(ann.get, 500)
    await client.next()
    const { token } = client

    expect(await client.next()).toEqual({
      sync_token: token,
      full_sync: false,
      has_more: false,
      projects: [],
      labels: [],
      tasks: [],
      comments: [],
      deleted: [],
    })
  })

  test('loses the tasks of a project that is archived, and gets them back', async ({ as }) => {
    const ann = as('archive')
    const { id } = (await ann.post('/projects', { name: 'House' })).json()
    const task = await ann.creates({ title: 'Paint', project_id: id })
    const client = follower(ann.get, 500)
    await client.next()

    await ann.post(`/projects/${id}/archive`)
    expect(await client.next()).toMatchObject({
      projects: [{ id, archived_at: expect.any(String) }],
      tasks: [],
      deleted: [{ type: 'task', id: task.id }],
    })
    await ann.post(`/projects/${id}/unarchive`)
    expect(await client.next()).toMatchObject({ projects: [{ id, archived_at: null }], tasks: [{ id: task.id }] })
  })

  test('is told of a task that went to another project as changed, not as deleted', async ({ as }) => {
    const ann = as('moved')
    const { id } = (await ann.post('/projects', { name: 'House' })).json()
    const task = await ann.creates({ title: 'Paint' })
    const client = follower(ann.get, 500)
    await client.next()

    await ann.post(`/tasks/${task.id}/move`, { project_id: id })

    expect(await client.untilCurrent()).toMatchObject({ tasks: [{ id: task.id, project_id: id }], deleted: [] })
  })

  test('can leave out at first what is done, but hears of it when it changes', async ({ as }) => {
    const ann = as('open')
    const done = await ann.creates({ title: 'Done', status: 'completed' })
    const open = await ann.creates({ title: 'Open' })
    const client = follower(ann.get, 1, '&open_only=true')
    while ((await client.next()).has_more);
    expect([...client.copy.task.keys()]).toEqual([open.id])

    await ann.post(`/tasks/${open.id}/complete`)
    await ann.patch(`/tasks/${done.id}`, { title: 'Done long ago' })

    await client.untilCurrent()
    expect([...client.copy.task.values()]).toMatchObject([
      { id: open.id, status: 'completed' },
      { id: done.id, title: 'Done long ago' },
    ])
  })

  test('ends its pages at a megabyte', async ({ as }) => {
    const ann = as('long')
    const description = 'x'.repeat(20_000)
    await Promise.all(Array.from({ length: 120 }, (_, i) => ann.creates({ title: `${i}`, description })))
    const client = follower(ann.get, 500)

    const page = await client.next()

    expect(page.has_more).toBe(true)
    expect(page.tasks.length).toBeLessThan(60)
    await client.untilCurrent()
    await expectCopy(ann, client)
  })

  test('sees only what is its own', async ({ as }) => {
    const [ann, bob] = [as('own'), as('other')]
    const task = await bob.creates({ title: 'Mine', labels: ['secret'] })
    const client = follower(bob.get, 500)
    await client.untilCurrent()
    await bob.delete(`/tasks/${task.id}?permanent=true`)

    const stolen = (await ann.get(`/sync?sync_token=${client.token}`)).json()
    const all = (await ann.get('/sync')).json()

    expect(JSON.stringify([stolen, all])).not.toMatch(/Mine|secret/)
    expect(stolen.deleted ?? []).toEqual([])
  })

  test('equals the server in the end, whatever was written while it was read, and however', {
    timeout: 120_000,
  }, async ({ app, as, buildTestApp }) => {
    const ann = as('property')
    const other = await buildTestApp()
    const token = await ann.token
    const shared = { tasks: [], projects: [], labels: [] } as { [K in 'tasks' | 'projects' | 'labels']: number[] }
    for (let i = 0; i < 60; i++) shared.tasks.push((await ann.creates({ title: `${i}`, labels: ['home'] })).id)
    for (let i = 0; i < 3; i++) shared.projects.push((await ann.post('/projects', { name: `${i}` })).json().id)
    shared.labels.push((await ann.get('/labels')).json()[0].id)
    const askOther: Ask = (url) => other.inject({ url, headers: { authorization: `Bearer ${token}` } })
    let isOver = false

    const writers = [app, other, app, other].map(async (door) => {
      const write = writer(door as App, token, shared)
      for (let i = 0; i < 120; i++) await write()
    })
    const followers = [1, 3, 7, 50, 500].flatMap((limit) => [
      follower(ann.get, limit),
      follower(askOther, limit, '&open_only=true'),
    ])
    const following = followers.map(async (client, i) => {
      if (i % 3 === 0) await pause(300) // begins in the middle
      while (!isOver) {
        await client.next()
        await pause(below(20))
      }
    })
    await Promise.all(writers)
    isOver = true
    await Promise.all(following)

    for (const [i, client] of followers.entries()) {
      await client.untilCurrent()
      if (i % 2 === 0) await expectCopy(ann, client)
      else for (const [id, task] of client.copy.task) expect((await ann.get(`/tasks/${id}`)).json()).toEqual(task)
    }
    expect(Math.max(...followers.map(({ pages }) => pages))).toBeGreaterThan(60)
  })
})

describe('a sync token', () => {
  const refusals = async (person: Person, token: string) => {
    const reply = await person.get(`/sync?sync_token=${token}`)
    return [reply.statusCode, reply.json().code]
  }
  const tokenFor = (text: string) => Buffer.from(text).toString('base64url')

  test('that is none is refused', async ({ as }) => {
    for (const token of ['abcdefgh', tokenFor('2.1.1'), tokenFor('1.1'), tokenFor('1.1.x'), tokenFor('1.1.1.1')]) {
      expect(await refusals(as('ann'), token), token).toEqual([422, 'INVALID_INPUT'])
    }
  })

  test('of another epoch, or from the future, is too old', async ({ as, db }) => {
    const ann = as('epoch')
    await ann.creates({ title: 'a' })
    const client = follower(ann.get, 1)
    await client.next()
    const inside = client.token
    await client.untilCurrent()

    expect(await refusals(ann, tokenFor('1.1.999'))).toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    await beginNewEpoch(db, Date.now())
    expect(await refusals(ann, client.token)).toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    expect(await refusals(ann, inside)).toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    const anew = follower(ann.get, 500)
    await anew.untilCurrent()
    await expectCopy(ann, anew)
  })

  test('is too old when deletions after it are forgotten, but not in a first pass that began later', async ({
    as,
    db,
  }) => {
    const ann = as('pruned')
    for (let i = 0; i < 6; i++) await ann.creates({ title: `${i}` })
    const { id: userId } = await ann.user
    const late = follower(ann.get, 2)
    await late.next()
    await db.updateMany(db.tables.changeFeeds, { userId }, { prunedSeq: 6 })

    expect(await refusals(ann, tokenFor('1.1.5'))).toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    expect(await refusals(ann, tokenFor('1.1.6.3-1')), 'not all of 6 was read').toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    expect((await refusals(ann, tokenFor('1.1.6')))[0]).toBe(200)
    await late.untilCurrent()
    await expectCopy(ann, late)
    await db.updateMany(db.tables.changeFeeds, { userId }, { prunedSeq: 7 })
    await ann.creates({ title: 'one more' })
    expect(await refusals(ann, tokenFor('1.1.3.3-1.6a')), 'a first pass that began before').toEqual([
      410,
      'SYNC_TOKEN_EXPIRED',
    ])
  })

  test('outlives 90 days without deletions, and not those with one', async ({ as, db, buildTestApp }) => {
    const [ann, bob] = [as('keeps'), as('deletes')]
    const clients = [follower(ann.get, 500), follower(bob.get, 500)] as const
    const task = await bob.creates({ title: 'a' })
    for (const client of clients) await client.untilCurrent()
    await bob.delete(`/tasks/${task.id}?permanent=true`)
    const { id: userId } = await bob.user
    const old = Date.now() - deletionsKeptMs - 1
    await db.updateMany(db.tables.deletions, { userId }, { createdAt: old })

    await buildTestApp() // housekeeping at its start

    await expect.poll(() => refusals(bob, clients[1].token)).toEqual([410, 'SYNC_TOKEN_EXPIRED'])
    await expect.poll(() => db.find(db.tables.deletions, { userId })).toBe(undefined)
    expect((await refusals(ann, clients[0].token))[0]).toBe(200)
  })
})
