import { randomBytes } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import type { Database, Query, Row, Tables } from '../src/database/database.ts'
import { test } from './support/app.ts'
import { multiply } from './support/many.ts'

describe('an account', () => {
  test('has no display name and lives in UTC until it says otherwise', async ({ as }) => {
    const ann = as('ann')
    const before = await ann.user

    const reply = await ann.patch('/users/me', { display_name: ' Zoë 😀 ', timezone: 'Asia/Kolkata' })

    expect(before).toMatchObject({ display_name: null, timezone: 'UTC' })
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({ ...before, display_name: ' Zoë 😀 ', timezone: 'Asia/Kolkata' })
    expect((await ann.get('/users/me')).json()).toEqual(reply.json())
  })

  test('keeps what a change does not name, and clears a display name by null', async ({ as }) => {
    const bob = as('bob')
    const longest = '𝒳'.repeat(100)
    const named = (await bob.patch('/users/me', { display_name: longest })).json()

    const moved = await bob.patch('/users/me', '{"timezone":"Europe/Kyiv"}', {
      'content-type': 'application/merge-patch+json',
    })
    const unchanged = await bob.patch('/users/me', {})
    const cleared = await bob.patch('/users/me', { display_name: null })

    expect(named).toEqual({ ...(await bob.user), display_name: longest })
    expect(moved.json()).toEqual({ ...named, timezone: 'Europe/Kyiv' })
    expect(unchanged.json()).toEqual(moved.json())
    expect(cleared.json()).toEqual({ ...moved.json(), display_name: null })
  })

  test.for(['UTC', 'Etc/UTC', 'Asia/Calcutta', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'EST5EDT', 'CET'])(
    'takes the time zone %s',
    async (timezone, { as }) => {
      const reply = await as('ann').patch('/users/me', { timezone })

      expect([reply.statusCode, reply.json().timezone]).toEqual([200, timezone])
    },
  )

  test.for([
    ['timezone', 'Mars/Olympus'],
    ['timezone', 'europe/berlin'],
    ['timezone', '+01:00'],
    ['timezone', 'PST'],
    ['timezone', 'SystemV/PST8'],
    ['timezone', ''],
    ['timezone', ` UTC`],
    ['timezone', `Etc/${'X'.repeat(61)}`],
    ['timezone', null],
    ['timezone', 0],
    ['display_name', ''],
    ['display_name', ' \n\u00a0'],
    ['display_name', 'x'.repeat(101)],
    ['display_name', 'a\0b'],
    ['display_name', 7],
    ['email', 'other@example.org'],
    ['is_active', false],
    ['id', 1],
  ] as const)('refuses %s %j, and changes nothing', async ([field, value], { as }) => {
    const cat = as('cat')

    const reply = await cat.patch('/users/me', { display_name: 'Cat', [field]: value })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors[0].pointer).toBe(`/${field}`)
    expect((await cat.get('/users/me')).json()).toEqual(await cat.user)
  })

  test('is changed by its owner only', async ({ as, anyone }) => {
    const ann = as('ann')
    const before = (await ann.get('/users/me')).json()

    await as('bob').patch('/users/me', { display_name: 'Bob' })
    const refused = await anyone.patch('/users/me', { display_name: 'Nobody' })

    expect(refused.statusCode).toBe(401)
    expect((await ann.get('/users/me')).json()).toEqual(before)
  })
})

describe('deleting an account', () => {
  test('takes everything of it along, and nothing of others', async ({ as, anyone, db }) => {
    const ann = as('leaves')
    const bob = as('stays')
    const { id } = await ann.user
    const task = await ann.creates({ title: 'Gone' })
    const kept = await bob.creates({ title: 'Kept' })
    const { refresh_token } = (await anyone.post('/auth/login', login(ann))).json()
    await addTokenAndLink(db, id)

    const reply = await ann.delete('/users/me', { password: ann.password })

    expect([reply.statusCode, reply.body]).toEqual([204, ''])
    const { auditEvents: _, users, ...owned } = db.tables
    expect(await db.find(users, { id })).toBeUndefined()
    for (const table of Object.values(owned)) {
      if ('userId' in table) expect(await db.find(table, { userId: id })).toBeUndefined()
    }
    expect((await ann.get(`/tasks/${task.id}`)).json().code).toBe('INVALID_TOKEN')
    expect((await anyone.post('/auth/refresh', { refresh_token })).statusCode).toBe(401)
    expect((await anyone.post('/auth/login', login(ann))).statusCode).toBe(401)
    expect((await bob.get('/tasks')).json()).toEqual([kept])
  })

  test('leaves audit events that no longer say whose they were', async ({ as, db }) => {
    const dan = as('dan')
    const { id } = await dan.user
    const before = await db.all(eventsOf, { userId: id })

    await dan.delete('/users/me', { password: dan.password })

    expect(before.map(({ event }) => event)).toEqual(['registered', 'logged_in'])
    expect(await db.all(eventsOf, { userId: id })).toEqual([])
    for (const { id } of before) {
      expect(await db.find(db.tables.auditEvents, { id })).toMatchObject({ userId: null, address: null })
    }
    const deleted = await db.all(deletions, {})
    expect(deleted.at(-1)).toMatchObject({ userId: null, address: null })
  })

  test('lets its email be registered anew, for an account that is another', async ({ as, anyone }) => {
    const eve = as('eve')
    const { id } = await eve.user
    await eve.delete('/users/me', { password: eve.password })

    const anew = await anyone.post('/auth/register', { email: eve.email, password: eve.password })

    expect(anew.statusCode).toBe(201)
    expect(anew.json().id).toBeGreaterThan(id)
    expect((await eve.get('/users/me')).statusCode).toBe(401)
  })

  test.for([
    [{ password: 'not the password' }, 403, 'WRONG_PASSWORD'],
    [{}, 422, 'INVALID_INPUT'],
    [undefined, 422, 'INVALID_INPUT'],
  ] as const)('is refused for %j, and nothing is lost', async ([body, status, code], { as }) => {
    const fay = as('fay')
    const task = await fay.creates({ title: 'Still here' })

    const reply = await fay.delete('/users/me', body)

    expect([reply.statusCode, reply.json().code]).toEqual([status, code])
    expect((await fay.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  test('beside everything that its user is doing meanwhile answers no 5xx', async ({ as, anyone }) => {
    const gus = as('gus')
    const { id } = await gus.creates({ title: 'Busy' })
    const { refresh_token } = (await anyone.post('/auth/login', login(gus))).json()
    const doing = [
      () => gus.post('/tasks', { title: 'One more' }),
      () => gus.patch(`/tasks/${id}`, { status: 'completed' }),
      () => gus.patch('/users/me', { display_name: 'Gus' }),
      () => gus.get('/tasks'),
      () => gus.post('/auth/logout'),
      () => anyone.post('/auth/login', login(gus)),
      () => anyone.post('/auth/login', { email: gus.email, password: 'not the password' }),
      () => anyone.post('/auth/refresh', { refresh_token }),
      () => gus.delete('/users/me', { password: gus.password }),
    ]

    const replies = await Promise.all(Array.from({ length: 8 }, () => doing.map((act) => act())).flat())

    for (const { statusCode, body } of replies) expect(statusCode, body).toBeLessThan(500)
    expect((await gus.get('/users/me')).statusCode).toBe(401)
  })

  test('with 100,000 tasks is one answer, too', async ({ as, db, databaseUrl }) => {
    const hal = as('hal')
    const { id: userId } = await hal.user
    await multiply(databaseUrl, 'tasks', await hal.creates({ title: 'One of many' }), 5)

    const reply = await hal.delete('/users/me', { password: hal.password })

    expect(reply.statusCode, reply.body).toBe(204)
    expect(await db.find(db.tables.tasks, { userId })).toBeUndefined()
  })
})

const login = ({ email, password }: { email: string; password: string }) => ({ email, password })

async function addTokenAndLink({ insert, tables }: Database, userId: number) {
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 }
  const tokenHash = randomBytes(32).toString('base64url')
  await insert(tables.mailLinks, { userId, purpose: 'password_reset', tokenHash, ...times })
  await insert(tables.personalAccessTokens, {
    ...{ userId, name: 'Script', tokenHash, lastFour: 'abcd', scopes: 'tasks:read' },
    ...times,
  })
}

const eventsOf: Query<Row<Tables['auditEvents']>, { userId: number }> = ({
  select,
  parameter,
  tables: { auditEvents },
}) =>
  select()
    .from(auditEvents)
    .where(eq(auditEvents.userId, parameter(auditEvents.userId, 'userId')))
    .orderBy(auditEvents.id)

const deletions: Query<Row<Tables['auditEvents']>> = ({ select, tables: { auditEvents } }) =>
  select().from(auditEvents).where(eq(auditEvents.event, 'account_deleted')).orderBy(auditEvents.id)
