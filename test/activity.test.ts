import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect } from 'vitest'
import type { Activity } from '../src/audit/schemas.ts'
import { type AuditEvent, record } from '../src/audit/store.ts'
import type { Database } from '../src/database/database.ts'
import { nextOf, test } from './support/app.ts'

describe('the activity', () => {
  test('shows what happened to the account, newest first', async ({ as, anyone }) => {
    const ann = as('ann')
    await ann.user
    await anyone.post('/auth/login', { email: ann.email, password: 'not the password' })
    const { refresh_token } = (await anyone.post('/auth/login', { email: ann.email, password: ann.password })).json()
    const replacement = (await anyone.post('/auth/refresh', { refresh_token })).json().refresh_token
    await anyone.post('/auth/refresh', { refresh_token: replacement })
    await anyone.post('/auth/refresh', { refresh_token })

    const reply = await ann.get('/users/me/activity')

    expect(reply.statusCode).toBe(200)
    const events: Activity[] = reply.json()
    expect(events.map(({ event }) => event)).toEqual([
      'refresh_token_reused',
      'logged_in',
      'login_failed',
      'logged_in',
      'registered',
    ])
    for (const event of events) {
      expect(event).toEqual({
        id: expect.any(Number),
        event: expect.any(String),
        address: '127.0.0.1',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      })
    }
  })

  test('shows nothing of others, and nothing to who has no token', async ({ as, anyone }) => {
    const bob = as('bob')
    const cat = as('cat')
    await Promise.all([bob.user, cat.user])
    await anyone.post('/auth/login', { email: 'nobody@example.org', password: 'not the password' })

    const [mine, theirs]: Activity[][] = [
      (await bob.get('/users/me/activity')).json(),
      (await cat.get('/users/me/activity')).json(),
    ]

    expect(mine?.map(({ event }) => event)).toEqual(['logged_in', 'registered'])
    expect(theirs?.map(({ event }) => event)).toEqual(['logged_in', 'registered'])
    expect(mine?.map(({ id }) => id)).not.toEqual(theirs?.map(({ id }) => id))
    expect((await anyone.get('/users/me/activity')).statusCode).toBe(401)
  })

  test('is paged like every list, without gap or repetition', async ({ as, db }) => {
    const dan = as('dan')
    const { id: userId } = await dan.user
    for (let i = 0; i < 5; i++) await addEvent(db, userId, Date.now())
    const all: Activity[] = (await dan.get('/users/me/activity')).json()

    const seen: Activity[] = []
    let pages = 0
    for (let url: string | undefined = '/users/me/activity?limit=3'; url; pages++) {
      const reply = await dan.get(url)
      seen.push(...reply.json())
      await addEvent(db, userId, Date.now()) // what is added meanwhile does not move the pages
      url = nextOf(url, reply)
    }

    expect(seen).toEqual(all)
    expect([seen.length, pages]).toEqual([7, 3])
    expect((await dan.get('/users/me/activity?limit=501')).statusCode).toBe(422)
    expect((await dan.get('/users/me/activity?cursor=0')).statusCode).toBe(422)
  })
})

test('an event whose transaction is rolled back is neither kept nor logged; one that is committed is both', async ({
  db,
}) => {
  const lines: unknown[] = []
  const log = pino(new Writable({ write: (line, _encoding, done) => done(void lines.push(JSON.parse(String(line)))) }))
  const client = { address: '192.0.2.7', userAgent: null, log }
  const inTransaction = (event: AuditEvent, fault?: Error) =>
    db.transaction(async (tx) => {
      await record(tx, client, event, null)
      if (fault) throw fault
    })

  await expect(inTransaction('token_created', new Error('changed its mind'))).rejects.toThrow('changed its mind')
  await inTransaction('token_revoked')

  expect(lines).toMatchObject([{ audit: 'token_revoked', address: '192.0.2.7' }])
  expect(await db.find(db.tables.auditEvents, { event: 'token_created' })).toBeUndefined()
  expect(await db.find(db.tables.auditEvents, { event: 'token_revoked' })).toMatchObject({ address: '192.0.2.7' })
})

const addEvent = ({ insert, tables }: Database, userId: number | null, createdAt: number) =>
  insert(tables.auditEvents, { userId, event: 'logged_out', address: '192.0.2.1', createdAt })
