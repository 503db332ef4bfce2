import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { test } from './support/app.ts'
import { execute } from './support/database.ts'
import { multiply } from './support/many.ts'

const dayMs = 86_400_000

describe('housekeeping, when a server starts,', () => {
  test('deletes what has expired, and nothing else', async ({ as, db, buildTestApp }) => {
    const eve = as('eve')
    const { id: userId } = await eve.user
    const now = Date.now()
    const session = await addSession(db, userId, now - 1_000)
    const link = await addLink(db, userId, now - 1_000)
    const token = await addToken(db, userId, now - 31 * dayMs)
    const event = await addEvent(db, userId, now - 8 * dayMs)
    const orphan = await addEvent(db, 999_999_999, now)
    const kept = [
      await addSession(db, userId, now + 60_000),
      await addLink(db, userId, now + 60_000),
      await addToken(db, userId, now - 29 * dayMs),
      await addEvent(db, userId, now - 6 * dayMs),
      await addEvent(db, null, now),
    ] as const

    await buildTestApp({ AUDIT_DAYS: '7' })

    const { sessions, mailLinks, personalAccessTokens, auditEvents } = db.tables
    await expect.poll(() => db.find(auditEvents, { id: orphan.id })).toBeUndefined()
    expect(await db.find(sessions, { id: session.id })).toBeUndefined()
    expect(await db.find(mailLinks, { id: link.id })).toBeUndefined()
    expect(await db.find(personalAccessTokens, { id: token.id })).toBeUndefined()
    expect(await db.find(auditEvents, { id: event.id })).toBeUndefined()
    expect(await db.find(sessions, { id: kept[0].id })).toEqual(kept[0])
    expect(await db.find(mailLinks, { id: kept[1].id })).toEqual(kept[1])
    expect(await db.find(personalAccessTokens, { id: kept[2].id })).toEqual(kept[2])
    expect(await db.find(auditEvents, { id: kept[3].id })).toEqual(kept[3])
    expect(await db.find(auditEvents, { id: kept[4].id })).toEqual(kept[4])
    expect((await eve.get('/users/me')).statusCode, 'a session that lasts').toBe(200)
  })

  test('takes a long backlog in several turns, beside another server that does the same', async ({
    as,
    db,
    databaseUrl,
    buildTestApp,
  }) => {
    const { id: userId } = await as('fay').user
    await multiply(databaseUrl, 'audit_events', await addEvent(db, userId, Date.now() - 91 * dayMs), 4)

    await Promise.all([buildTestApp(), buildTestApp()])

    const left = async () => (await as('fay').get('/users/me/activity?limit=500')).json().length
    await expect.poll(left).toBe(2)
  })

  test('that fails leaves the server serving', async ({ databaseUrl, buildTestApp }) => {
    await execute(databaseUrl, 'alter table mail_links rename to mail_links_away')
    const app = await buildTestApp()

    const reply = await app.inject('/health/live')

    await app.close() // which waits for it
    await execute(databaseUrl, 'alter table mail_links_away rename to mail_links')
    expect(reply.statusCode).toBe(200)
  })
})

const addEvent = ({ insert, tables }: Database, userId: number | null, createdAt: number) =>
  insert(tables.auditEvents, { userId, event: 'logged_out', address: '192.0.2.1', createdAt })

const addSession = ({ insert, tables }: Database, userId: number, expiresAt: number) =>
  insert(tables.sessions, {
    ...{ userId, familyHash: unique(), secretHash: unique(), address: '192.0.2.1', expiresAt },
    ...{ createdAt: expiresAt - dayMs, lastUsedAt: expiresAt - dayMs },
  })

const addLink = ({ insert, tables }: Database, userId: number, expiresAt: number) =>
  insert(tables.mailLinks, {
    ...{ userId, purpose: 'password_reset', tokenHash: unique(), expiresAt },
    createdAt: expiresAt - dayMs,
  })

const addToken = ({ insert, tables }: Database, userId: number, expiresAt: number) =>
  insert(tables.personalAccessTokens, {
    ...{ userId, name: 'Script', tokenHash: unique(), lastFour: 'abcd', scopes: 'tasks:read', expiresAt },
    createdAt: expiresAt - dayMs,
  })

const unique = () => randomBytes(32).toString('base64url')
