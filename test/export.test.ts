import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { getTableColumns } from 'drizzle-orm'
import { describe, expect, vi } from 'vitest'
import { exported as entries } from '../src/app.ts'
import type { Database } from '../src/database/database.ts'
import { membersOf } from '../src/export/members.ts'
import type { Task } from '../src/tasks/schemas.ts'
import { hashToken } from '../src/values/opaque.ts'
import { isTimezone } from '../src/values/timezones.ts'
import { test as base } from './support/app.ts'
import { multiply } from './support/many.ts'

/** `open` requests an export of a server that listens: what was sent, and how fast it is taken, shows only there. */
const test = base.extend('open', { scope: 'file' }, async ({ app }) => {
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  return async (token: string): Promise<IncomingMessage> => {
    const request = get(`${address}/users/me/export`, { headers: { authorization: `Bearer ${token}` } })
    const [response] = await once(request, 'response')
    return response
  }
})

interface Exported {
  readonly exported_at: string
  readonly tasks: Task[]
}

describe('an export', () => {
  test('has all that the lists have, as one document to save', async ({ as, db }) => {
    const ann = as('ann')
    const { id } = await ann.user
    await ann.creates({ title: 'Older', status: 'completed' })
    await ann.creates({ title: 'Newer', description: '"\\\u2028\n😀' })
    await addTokenAndLink(db, id)
    const read = async (path: string) => (await ann.get(path)).json()
    const began = Date.now()

    const reply = await ann.get('/users/me/export')

    expect(reply.statusCode).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'content-disposition': 'attachment; filename="account.json"',
      'cache-control': 'no-store',
    })
    const exported: Exported = reply.json()
    expect(exported).toEqual({
      ...Object.fromEntries(membersOf(entries).map(({ name }) => [name, []])),
      exported_at: expect.any(String),
      account: await read('/users/me'),
      projects: await read('/projects'),
      sessions: await read('/users/me/sessions'),
      tokens: [
        {
          id: expect.any(Number),
          name: 'Script',
          scopes: ['tasks:read', 'tasks:write'],
          last_four: 'abcd',
          created_at: '2026-01-31T09:00:00.000Z',
          expires_at: '2036-01-31T09:00:00.000Z',
          last_used_at: null,
        },
      ],
      mail_links: [
        {
          purpose: 'email_change',
          email: 'new@example.org',
          created_at: '2026-01-31T09:00:00.000Z',
          expires_at: '2036-01-31T09:00:00.000Z',
        },
      ],
      activity: await read('/users/me/activity'),
      tasks: await read('/tasks'),
      completions: await read('/completions'),
    })
    expect(exported.tasks.map(({ title }) => title)).toEqual(['Newer', 'Older'])
    expect(Date.parse(exported.exported_at)).toBeGreaterThanOrEqual(began)
  })

  test('is what its schema says', async ({ as, app }) => {
    const { components } = app.swagger() as { components: object }
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addFormat('iana-timezone', isTimezone)
    ajv.addFormat('local-date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
    const validate = ajv.compile({ $ref: '#/components/schemas/Export', components })

    const exported = (await as('ann').get('/users/me/export')).json()

    expect(validate(exported), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ ...exported, more: 1 })).toBe(false)
  })

  test('forgets no table that knows whose its rows are', async ({ as, db }) => {
    const tables = Object.entries(db.tables).filter(([, table]) => 'userId' in getTableColumns(table))

    const exported = (await as('ann').get('/users/me/export')).json()

    // Each is shown by a member, or its folder says why not.
    expect(entries.map(({ table }) => table).sort()).toEqual(tables.map(([name]) => name).sort())
    expect(Object.keys(exported)).toEqual(['exported_at', 'account', ...membersOf(entries).map(({ name }) => name)])
  })

  test('shows nothing of a table that is left out for a reason', () => {
    const leftOut = { table: 'tasks', reason: 'Nothing but numbers.' } as const

    expect(membersOf([...entries, leftOut])).toEqual(entries.filter((entry) => !('reason' in entry)))
  })

  test('holds no secret, and nothing of others', async ({ as, anyone, db }) => {
    const bob = as('bob')
    const cat = as('cat')
    const { id } = await bob.user
    const { tokenHash } = await addTokenAndLink(db, id)
    await cat.creates({ title: 'Nobody else’s business' })

    const body = (await bob.get('/users/me/export')).body

    const session = await db.find(db.tables.sessions, { userId: id })
    const user = await db.find(db.tables.users, { id })
    const secrets = [tokenHash, user?.passwordHash, session?.familyHash, session?.secretHash, await bob.token]
    for (const secret of secrets) expect(body).not.toContain(secret)
    expect(body).not.toContain('business')
    expect((await anyone.get('/users/me/export')).statusCode).toBe(401)
  })

  test('is for a login, not for a personal access token', async ({ as, anyone, db }) => {
    const { token } = await addTokenAndLink(db, (await as('bob').user).id)

    const reply = await anyone.get('/users/me/export', undefined, { authorization: `Bearer ${token}` })

    expect([reply.statusCode, reply.json().code]).toEqual([403, 'INSUFFICIENT_SCOPE'])
  })

  test('is never a 304, and a HEAD reads nothing of it', async ({ as, app, db }) => {
    const ann = as('ann')
    const headers = { authorization: `Bearer ${await ann.token}` }
    const again = await ann.get('/users/me/export', undefined, { 'if-none-match': '*' })
    using reads = vi.spyOn(db, 'all')

    const head = await app.inject({ method: 'HEAD', url: '/users/me/export', headers })

    expect([again.statusCode, again.headers.etag]).toEqual([200, undefined])
    expect([head.statusCode, head.body, head.headers['cache-control']]).toEqual([200, '', 'no-store'])
    expect(head.headers['content-length']).toBeUndefined()
    expect(reads).not.toHaveBeenCalled()
  })

  test('has 100,000 tasks, while others write and read', async ({ as, databaseUrl, open }) => {
    const dan = as('dan')
    const eve = as('eve')
    await multiply(databaseUrl, 'tasks', await dan.creates({ title: 'One of many' }), 5)
    await eve.user
    let isOver = false
    const others = (async () => {
      const statuses: number[] = []
      while (!isOver) {
        statuses.push((await eve.post('/tasks', { title: 'Meanwhile' })).statusCode)
        statuses.push((await eve.get('/tasks')).statusCode)
      }
      return statuses
    })()

    const exported: Exported = JSON.parse(await text(await open(await dan.token)))
    isOver = true

    const ids = exported.tasks.map(({ id }) => id)
    expect([ids.length, new Set(ids).size]).toEqual([100_001, 100_001])
    expect(ids).toEqual(ids.toSorted((a, b) => b - a))
    const statuses = await others
    expect(new Set(statuses)).toEqual(new Set([200, 201]))
    expect(statuses.length, 'requests that were answered meanwhile').toBeGreaterThan(50)
  })
})

/** 10,000 tasks are 22 MB: more than the sockets between server and client take. */
const pages = 100
const longTask = { title: 'Long', description: 'x'.repeat(2_000) }

describe('an export that is taken slowly', () => {
  test('is read no faster, and no further when its client goes away', async ({ as, db, databaseUrl, open }) => {
    const fay = as('fay')
    await multiply(databaseUrl, 'tasks', await fay.creates(longTask), 4)
    using reads = vi.spyOn(db, 'all')

    const response = await open(await fay.token)
    const waiting = await settled(() => reads.mock.calls.length)
    response.destroy()
    const left = await settled(() => reads.mock.calls.length)

    expect(waiting).toBeLessThan(pages / 2)
    expect(left - waiting).toBeLessThanOrEqual(1)
  })

  test('breaks when the account is deleted meanwhile, and does not look whole', async ({ as, databaseUrl, open }) => {
    const gus = as('gus')
    await multiply(databaseUrl, 'tasks', await gus.creates(longTask), 4)
    const response = await open(await gus.token)
    const deletion = await gus.delete('/users/me', { password: gus.password })

    const body = text(response)

    expect(deletion.statusCode).toBe(204)
    expect(response.statusCode).toBe(200)
    await expect(body).rejects.toThrow('aborted')
    expect(response.complete).toBe(false)
  })
})

/** A count, once it no longer grows. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = count()
    if (now === before) return now
    before = now
    await sleep(500)
  }
}

async function addTokenAndLink({ insert, tables }: Database, userId: number) {
  const token = `tma_${randomBytes(32).toString('base64url')}`
  const tokenHash = hashToken(token)
  const times = { createdAt: Date.parse('2026-01-31T09:00Z'), expiresAt: Date.parse('2036-01-31T09:00Z') }
  await insert(tables.personalAccessTokens, {
    ...{ userId, name: 'Script', tokenHash, lastFour: 'abcd', scopes: 'tasks:read tasks:write' },
    ...times,
  })
  await insert(tables.mailLinks, { userId, purpose: 'email_change', email: 'new@example.org', tokenHash, ...times })
  return { token, tokenHash }
}
