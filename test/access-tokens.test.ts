import { createHash } from 'node:crypto'
import { desc, eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import type { Database, Query } from '../src/database/database.ts'
import { type Scope, scopes } from '../src/values/scopes.ts'
import { type App, test as base, type Person } from './support/app.ts'

const dayMs = 86_400_000
const invalidToken = {
  type: '/problems#invalid-token',
  title: 'Invalid authentication credentials',
  status: 401,
  detail: 'Invalid authentication credentials',
  code: 'INVALID_TOKEN',
}
const insufficientScope = (detail: string) => ({
  type: '/problems#insufficient-scope',
  title: 'Insufficient scope',
  status: 403,
  detail,
  code: 'INSUFFICIENT_SCOPE',
})

/** `hold(userId)` makes whoever wants to write one of the user's tokens wait, until what it answers is called. */
const test = base.extend('hold', { scope: 'file' }, async ({ buildTestApp }) => {
  const { db } = await buildTestApp()
  return async (userId: number) => {
    const isHeld = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const holding = db.transaction(async (tx) => {
      await tx.updateMany(tx.tables.personalAccessTokens, { userId }, { name: 'held' })
      isHeld.resolve()
      await released.promise
    })
    await isHeld.promise
    return () => {
      released.resolve()
      return holding
    }
  }
})

describe('a personal access token', () => {
  test('is shown once, when it is created', async ({ as }) => {
    const ann = as('ann')

    const reply = await ann.post('/users/me/tokens', { name: 'Backup', scopes: ['tasks:write', 'tasks:read'] })

    expect(reply.statusCode, reply.body).toBe(201)
    expect(reply.headers['cache-control']).toBe('no-store')
    const { token, ...shown } = reply.json()
    expect(reply.headers.location).toBe(`/users/me/tokens/${shown.id}`)
    expect(token).toMatch(/^tma_[\w-]{43}$/)
    expect(shown).toEqual({
      id: expect.any(Number),
      name: 'Backup',
      scopes: ['tasks:write', 'tasks:read'],
      last_four: token.slice(-4),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      expires_at: new Date(Date.parse(shown.created_at) + 90 * dayMs).toISOString(),
      last_used_at: null,
    })
    const one = await ann.get(`/users/me/tokens/${shown.id}`)
    const list = await ann.get('/users/me/tokens')
    expect([one.statusCode, one.json()]).toEqual([200, shown])
    expect(list.json()).toContainEqual(shown)
    expect(one.body + list.body).not.toContain(token.slice(4))
  })

  test('expires after the days that were asked for', async ({ as }) => {
    for (const days of [1, 365]) {
      const { created_at, expires_at } = await create(as('ann'), { expires_in_days: days })

      expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(days * dayMs)
    }
  })

  test.for<[string, object, string]>([
    ['an empty name', { name: '' }, '/name'],
    ['a blank name', { name: ' \t\u2003' }, '/name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, '/name'],
    ['a name with U+0000', { name: 'a\0b' }, '/name'],
    ['a name that is null', { name: null }, '/name'],
    ['no name', { name: undefined }, '/name'],
    ['no scopes', { scopes: undefined }, '/scopes'],
    ['an empty list of scopes', { scopes: [] }, '/scopes'],
    ['a scope twice', { scopes: ['tasks:read', 'tasks:read'] }, '/scopes'],
    ['an unknown scope', { scopes: ['tasks:read', 'admin'] }, '/scopes/1'],
    ['scopes in one string', { scopes: 'tasks:read tasks:write' }, '/scopes'],
    ['a scope with another in it', { scopes: ['tasks:read tasks:write'] }, '/scopes/0'],
    ['no day', { expires_in_days: 0 }, '/expires_in_days'],
    ['more than a year', { expires_in_days: 366 }, '/expires_in_days'],
    ['half a day', { expires_in_days: 0.5 }, '/expires_in_days'],
    ['days as text', { expires_in_days: '90' }, '/expires_in_days'],
    ['no end', { expires_in_days: null }, '/expires_in_days'],
    ['an unknown field', { user_id: 1 }, '/user_id'],
  ])('is not created with %s', async ([, wrong, pointer], { as }) => {
    const picky = as('picky')

    const reply = await picky.post('/users/me/tokens', { name: 'x', scopes: ['tasks:read'], ...wrong })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors[0].pointer).toBe(pointer)
    expect((await picky.get('/users/me/tokens')).json()).toEqual([])
  })

  test('has a name of 100 characters, to the letter', async ({ as }) => {
    const name = ` ${'𝒳'.repeat(98)}é`

    expect((await create(as('ann'), { name })).name).toBe(name)
  })

  test('is kept as its SHA-256, and in no table as it is', async ({ as, db }) => {
    const { id, token } = await create(as('ann'))

    const row = await db.find(db.tables.personalAccessTokens, { id })

    expect(row?.tokenHash).toBe(createHash('sha256').update(token).digest('base64url'))
    for (const table of Object.values(db.tables)) {
      const rows = await db.all(({ select }) => select().from(table), {})
      expect(JSON.stringify(rows)).not.toContain(token.slice(4, -4))
    }
  })

  test('is shown to and revoked by its owner only: for others, it does not exist', async ({ as, anyone, db }) => {
    const bob = as('bob')
    const { id, token } = await create(as('ann'))

    for (const verb of ['get', 'delete'] as const) {
      const others = await bob[verb](`/users/me/tokens/${id}`)
      const absent = await bob[verb]('/users/me/tokens/999999999')

      expect(others.statusCode).toBe(404)
      expect(others.body).toBe(absent.body)
      expect(withoutRequestId(others.headers)).toEqual(withoutRequestId(absent.headers))
    }
    expect((await bob.get('/users/me/tokens')).json()).toEqual([])
    expect(await eventsOf(db, (await bob.user).id)).not.toContain('token_revoked')
    expect((await anyone.get('/tasks', undefined, bearer(token))).statusCode).toBe(200)
  })

  test('is refused by every instance once it is revoked', async ({ as, app, buildTestApp }) => {
    const ann = as('ann')
    const { id, token } = await create(ann)
    const other = await buildTestApp()
    const tries = () => Promise.all([app, other].map((instance) => get(instance, '/tasks', token)))
    expect((await tries()).map(({ statusCode }) => statusCode)).toEqual([200, 200])

    const revoked = await ann.delete(`/users/me/tokens/${id}`)

    expect([revoked.statusCode, revoked.body]).toEqual([204, ''])
    for (const reply of await tries()) expect([reply.statusCode, reply.json()]).toEqual([401, invalidToken])
    expect((await ann.delete(`/users/me/tokens/${id}`)).statusCode).toBe(404)
    expect((await ann.get(`/users/me/tokens/${id}`)).statusCode).toBe(404)
  })

  test('is refused once it has expired, and still listed', async ({ as, anyone, db }) => {
    const ann = as('ann')
    const { id, token } = await create(ann)
    await db.updateOne(db.tables.personalAccessTokens, { id }, { expiresAt: Date.now() })

    const reply = await anyone.get('/tasks', undefined, bearer(token))

    expect([reply.statusCode, reply.json()]).toEqual([401, invalidToken])
    expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect((await ann.get('/users/me/tokens')).json()).toContainEqual(expect.objectContaining({ id }))
  })

  test('is refused while its account is inactive, and when that is gone', async ({ as, anyone, db }) => {
    const gone = as('gone')
    const { token } = await create(gone)
    const { id } = await gone.user
    const tries = () => anyone.get('/tasks', undefined, bearer(token))

    await db.updateOne(db.tables.users, { id }, { isActive: false })
    expect((await tries()).json()).toEqual(invalidToken)
    await db.updateOne(db.tables.users, { id }, { isActive: true })
    expect((await tries()).statusCode).toBe(200)
    await db.deleteMany(db.tables.users, { id })
    expect((await tries()).json()).toEqual(invalidToken)
  })

  test('outlives logging out', async ({ as, anyone }) => {
    const leaver = as('leaver')
    const { token } = await create(leaver)

    await leaver.post('/auth/logout-all')

    expect((await leaver.get('/tasks')).statusCode).toBe(401)
    expect((await anyone.get('/tasks', undefined, bearer(token))).statusCode).toBe(200)
  })

  test('can be had a hundred times, however many are created at once', async ({ as, db }) => {
    const max = as('max')
    const userId = (await max.user).id
    await Promise.all(Array.from({ length: 95 }, (_, i) => addToken(db, userId, `full-${i}`)))

    const replies = await Promise.all(
      Array.from({ length: 10 }, () => max.post('/users/me/tokens', { name: 'x', scopes: ['tasks:read'] })),
    )

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([...Array(5).fill(201), ...Array(5).fill(409)])
    const refused = replies.find(({ statusCode }) => statusCode === 409)
    expect(refused?.json()).toEqual({
      type: '/problems#too-many-tokens',
      title: 'Too many personal access tokens',
      status: 409,
      detail: 'Too many personal access tokens',
      code: 'TOO_MANY_TOKENS',
    })
    const list = (await max.get('/users/me/tokens')).json()
    expect(list).toHaveLength(100)
    expect(list.map(({ id }: { id: number }) => id)).toEqual(
      list.map(({ id }: { id: number }) => id).toSorted((a: number, b: number) => b - a),
    )
    expect((await eventsOf(db, userId)).filter((event) => event === 'token_created')).toHaveLength(5)
    await max.delete(`/users/me/tokens/${list[0].id}`)
    await create(max)
  })

  test('is in the record of the account when it is created and revoked', async ({ as, db }) => {
    const eve = as('eve')
    const { id } = await create(eve)

    await eve.delete(`/users/me/tokens/${id}`)

    const [last, previous] = await eventsOf(db, (await eve.user).id)
    expect([previous, last]).toEqual(['token_created', 'token_revoked'])
  })
})

describe('a personal access token can', () => {
  test('do what its scopes say, on the tasks of its owner', async ({ as, anyone }) => {
    const ann = as('ann')
    const theirs = await as('bob').creates({ title: 'Not yours' })
    const mine = await ann.creates({ title: 'Mine' })
    const read = bearer((await create(ann, { scopes: ['tasks:read'] })).token)
    const write = bearer((await create(ann, { scopes: ['tasks:write'] })).token)

    const created = await anyone.post('/tasks', { title: 'By a script' }, write)

    expect([created.statusCode, created.json().user_id]).toEqual([201, (await ann.user).id])
    const { id } = created.json()
    expect((await anyone.put(`/tasks/${id}`, { title: 'Put' }, write)).statusCode).toBe(200)
    expect((await anyone.patch(`/tasks/${id}`, { status: 'completed' }, write)).statusCode).toBe(200)
    expect((await anyone.get(`/tasks/${id}`, undefined, read)).json()).toMatchObject({
      title: 'Put',
      status: 'completed',
    })
    expect((await anyone.delete(`/tasks/${id}`, undefined, write)).statusCode).toBe(204)
    expect((await anyone.get(`/tasks/${mine.id}`, undefined, read)).json()).toEqual(mine)
    expect((await anyone.get(`/tasks/${theirs.id}`, undefined, read)).statusCode).toBe(404)
    expect((await anyone.patch(`/tasks/${theirs.id}`, { title: 'Mine' }, write)).statusCode).toBe(404)
    expect((await anyone.delete(`/tasks/${theirs.id}`, undefined, write)).statusCode).toBe(404)
  })

  test('see the account with account:read', async ({ as, anyone }) => {
    const ann = as('ann')
    const { token } = await create(ann, { scopes: ['account:read'] })

    const reply = await anyone.get('/users/me', undefined, bearer(token))

    expect([reply.statusCode, reply.json()]).toEqual([200, await ann.user])
  })

  test('use each operation that lists its scope', async ({ as, app }) => {
    const ann = as('ann')

    for (const { name, scope, ...operation } of operations(app)) {
      if (!scope) continue
      const reply = await call(app, operation, (await create(ann, { scopes: [scope] })).token)
      expect([401, 403], `${name} with ${scope}: ${reply.body}`).not.toContain(reply.statusCode)
    }
  })

  test('use no operation that lists another scope, however many it has', async ({ as, app }) => {
    const sam = await settled(as('sam'))
    const tokens = new Map<Scope, string>()
    for (const scope of scopes) {
      tokens.set(scope, (await create(sam, { scopes: scopes.filter((other) => other !== scope) })).token)
    }
    const before = await stateOf(sam)

    const tried: string[] = []
    for (const { name, scope, ...operation } of operations(app)) {
      if (!scope) continue
      const reply = await call(app, operation, tokens.get(scope)!, sam.ids)
      expect([reply.statusCode, reply.json()], name).toEqual([
        403,
        insufficientScope(`The personal access token needs the scope ${scope}.`),
      ])
      expect(reply.headers['www-authenticate']).toBe(`Bearer error="insufficient_scope", scope="${scope}"`)
      tried.push(name)
    }

    expect(tried).toEqual(expect.arrayContaining(['GET /tasks', 'DELETE /tasks/{id}', 'GET /users/me']))
    expect(await stateOf(sam)).toEqual(before)
  })

  test('use no operation that lists none, with all scopes: not the account, its sessions or tokens', async ({
    as,
    app,
  }) => {
    const sam = await settled(as('sam'))
    const { token } = await create(sam, { scopes })
    const before = await stateOf(sam)

    const tried: string[] = []
    for (const { name, scope, ...operation } of operations(app)) {
      if (scope) continue
      const reply = await call(app, operation, token, sam.ids)
      expect([reply.statusCode, reply.json()], name).toEqual([
        403,
        insufficientScope('Personal access tokens cannot do this: log in.'),
      ])
      expect(reply.headers['www-authenticate']).toBe('Bearer error="insufficient_scope"')
      tried.push(name)
    }

    expect(tried).toEqual(
      expect.arrayContaining([
        'POST /users/me/tokens',
        'GET /users/me/tokens',
        'DELETE /users/me/tokens/{id}',
        'DELETE /users/me/sessions/{id}',
        'POST /auth/logout',
        'POST /auth/logout-all',
      ]),
    )
    expect(await stateOf(sam)).toEqual(before)
  })

  test('learn nothing by HEAD that it may not GET', async ({ as, app }) => {
    const { token } = await create(as('ann'), { scopes: ['tasks:write'] })

    for (const url of ['/tasks', '/users/me', '/users/me/tokens']) {
      const reply = await app.inject({ method: 'HEAD', url, headers: bearer(token) })
      expect([reply.statusCode, reply.headers.etag]).toEqual([403, undefined])
    }
  })

  test('be read about in the document', async ({ app }) => {
    const { components } = app.swagger() as unknown as OpenApi
    const listed = new Set(operations(app).flatMap(({ scope }) => scope ?? []))

    expect([...listed].sort()).toEqual(scopes.toSorted())
    for (const scope of scopes) {
      expect(components.securitySchemes.personal_access_token.description).toContain(`\`${scope}\`: `)
    }
  })
})

describe('what is no personal access token', () => {
  test('is refused like any other, whatever it looks like', async ({ as, anyone }) => {
    const ann = as('ann')
    const { token } = await create(ann)
    const jwt = await ann.token
    const secret = token.slice(4)
    const swapped = secret.replaceAll(/[a-z]/gi, (c: string) =>
      c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase(),
    )
    // The last of 43 characters has two bits to spare: another one may mean the same bytes.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const aliased = token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]
    const looksLike = [
      'tma_',
      `tma_${'A'.repeat(43)}`,
      `TMA_${secret}`,
      `Tma_${secret}`,
      `tma-${secret}`,
      `tmr_${secret}`,
      secret,
      `tma_${swapped}`,
      aliased,
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token},`,
      `"${token}"`,
      `tma_${token}`,
      `tma_${jwt}`,
      `${jwt}${token}`,
      `${jwt}.${token}`,
      `${token}.${token}.${token}`,
      `tma_${secret.slice(0, -1)}é`,
      `tma_${'x'.repeat(12_000)}`,
      `tma_${secret.slice(0, 20)}%00${secret.slice(23)}`,
      `tma_'or''='`,
      createHash('sha256').update(token).digest('base64url'),
      `tma_${createHash('sha256').update(token).digest('base64url')}`,
      '.',
      '..',
      'null',
    ]

    for (const wrong of looksLike) {
      const reply = await anyone.get('/tasks', undefined, bearer(wrong))
      expect([reply.statusCode, reply.json()], wrong.slice(0, 80)).toEqual([401, invalidToken])
    }
    const good = await anyone.get('/tasks', undefined, { authorization: `bEARER   ${token}` })
    expect(good.statusCode).toBe(200)
  })

  test('is anything but an Authorization header', async ({ as, anyone }) => {
    const { token } = await create(as('ann'), { scopes })

    const replies = await Promise.all([
      anyone.get(`/tasks?access_token=${token}`),
      anyone.get(`/tasks?token=${token}`),
      anyone.post('/tasks', { title: 'x', access_token: token }),
      anyone.get('/tasks', undefined, { cookie: `token=${token}; access_token=${token}` }),
      anyone.get('/tasks', undefined, { 'x-api-key': token, 'proxy-authorization': `Bearer ${token}` }),
      anyone.get('/tasks', undefined, { authorization: token }),
      anyone.get('/tasks', undefined, { authorization: `Bearer${token}` }),
      anyone.get('/tasks', undefined, { authorization: `Bearer ${token} ${token}` }),
      anyone.get('/tasks', undefined, { authorization: `Token ${token}` }),
      anyone.get('/tasks', undefined, { authorization: `Basic ${btoa(`x:${token}`)}` }),
    ])

    for (const reply of replies) {
      expect([reply.statusCode, reply.json().code]).toEqual([401, 'NOT_AUTHENTICATED'])
      expect(reply.body).not.toContain(token)
    }
  })
})

describe('the last use', () => {
  test('is noted once a minute, by however many requests and instances', async ({ as, app, buildTestApp, db }) => {
    const ann = as('ann')
    const other = await buildTestApp()
    const { id, token } = await create(ann)
    const noted = async () => (await ann.get(`/users/me/tokens/${id}`)).json().last_used_at
    const uses = () => Promise.all(Array.from({ length: 10 }, (_, i) => get(i % 2 ? app : other, '/tasks', token)))

    const before = Date.now()
    for (const { statusCode } of await uses()) expect(statusCode).toBe(200)
    await expect.poll(noted).not.toBeNull()
    const first = await noted()
    await uses()
    await other.close() // what it had to note is noted
    expect(await noted()).toBe(first)
    expect(Date.parse(first)).toBeGreaterThanOrEqual(before)

    await db.updateOne(db.tables.personalAccessTokens, { id }, { lastUsedAt: before - 61_000 })
    await get(app, '/tasks', token)
    await expect.poll(async () => Date.parse(await noted())).toBeGreaterThanOrEqual(before)
  })

  test('is not that of a request which was refused', async ({ as, anyone }) => {
    const ann = as('ann')
    const { id, token } = await create(ann, { scopes: ['tasks:read'] })
    const used = await create(ann, { scopes: ['tasks:read'] })

    expect((await anyone.post('/tasks', { title: 'x' }, bearer(token))).statusCode).toBe(403)
    expect((await anyone.get('/users/me/tokens', undefined, bearer(token))).statusCode).toBe(403)

    // What is noted later has been written: so would this be.
    await anyone.get('/tasks', undefined, bearer(used.token))
    await expect.poll(async () => (await ann.get(`/users/me/tokens/${used.id}`)).json().last_used_at).not.toBeNull()
    expect((await ann.get(`/users/me/tokens/${id}`)).json().last_used_at).toBeNull()
  })

  test('keeps no request waiting, however many are to be noted', async ({ as, app, hold, db }) => {
    const slow = as('slow')
    const created = await Promise.all(Array.from({ length: 12 }, () => create(slow)))
    const release = await hold((await slow.user).id)

    const replies = await Promise.all(created.map(({ token }) => get(app, '/tasks', token)))
    const meanwhile = (await slow.get('/users/me/tokens')).json()
    await release()

    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(12).fill(200))
    expect(meanwhile.map(lastUse)).toEqual(Array(12).fill(null))
    await expect.poll(async () => (await slow.get('/users/me/tokens')).json().map(lastUse)).not.toContain(null)
    expect((await db.find(db.tables.personalAccessTokens, { id: created[0].id }))?.name).toBe('held')
  })

  test('is written before the app has closed, even beside tokens revoked meanwhile', async ({
    as,
    buildTestApp,
    hold,
    db,
  }) => {
    const late = as('late')
    const closing = await buildTestApp()
    const created = await Promise.all(Array.from({ length: 12 }, () => create(late)))
    const release = await hold((await late.user).id)
    const replies = await Promise.all(created.map(({ token }) => get(closing, '/tasks', token)))

    const closed = closing.close()
    await release()
    const revoking = db.deleteMany(db.tables.personalAccessTokens, { id: created[6].id })
    await Promise.all([closed, revoking])

    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(12).fill(200))
    const left = (await late.get('/users/me/tokens')).json()
    expect(left).toHaveLength(11)
    expect(left.map(lastUse)).not.toContain(null)
  })
})

const lastUse = ({ last_used_at }: { last_used_at: string | null }) => last_used_at

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const get = (app: App, url: string, token: string) => app.inject({ url, headers: bearer(token) })

async function create(person: Person, wishes: object = {}) {
  const reply = await person.post('/users/me/tokens', { name: 'x', scopes: ['tasks:read'], ...wishes })
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

const addToken = (db: Database, userId: number, tokenHash: string) =>
  db.insert(db.tables.personalAccessTokens, {
    userId,
    name: 'x',
    tokenHash,
    lastFour: 'xxxx',
    scopes: 'tasks:read',
    createdAt: 0,
    expiresAt: 1,
    lastUsedAt: null,
  })

const withoutRequestId = ({ 'x-request-id': _, date: __, ratelimit: ___, ...headers }: Record<string, unknown>) =>
  headers

const eventsOf = async (db: Database, userId: number) =>
  (await db.all(eventsOfUser, { userId })).map(({ event }) => event)

const eventsOfUser: Query<{ event: string }, { userId: number }> = ({ select, parameter, tables: { auditEvents } }) =>
  select({ event: auditEvents.event })
    .from(auditEvents)
    .where(eq(auditEvents.userId, parameter(auditEvents.userId, 'userId')))
    .orderBy(desc(auditEvents.id))

interface OpenApi {
  paths: Record<string, Record<string, { security?: Record<string, string[]>[]; requestBody?: object }>>
  security: Record<string, string[]>[]
  components: { securitySchemes: { personal_access_token: { description: string } } }
}

/** Every operation of the document that needs somebody, with the scope that it asks of a personal access token. */
function operations(app: App) {
  const { paths, security: usual } = app.swagger() as unknown as OpenApi
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([verb, { security = usual, requestBody }]) => {
      if (security.length === 0) return []
      const method = verb.toUpperCase() as 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
      const asked = security.find((way) => way.personal_access_token)?.personal_access_token
      expect(asked?.length ?? 1, `${method} ${path}`).toBe(1)
      return { name: `${method} ${path}`, method, path, scope: asked?.[0] as Scope | undefined, hasBody: !!requestBody }
    }),
  )
}

type Operation = Pick<ReturnType<typeof operations>[number], 'method' | 'path' | 'hasBody'>

/** With the ids of things that are there, so that a call which is let through would change one. */
const call = (app: App, { method, path, hasBody }: Operation, token: string, ids: Record<string, number> = {}) =>
  app.inject({
    method,
    url: path.replaceAll(/(\w+)\/\{\w+\}/g, (_, kind: string) => `${kind}/${ids[kind] ?? 999_999}`),
    headers: bearer(token),
    ...(hasBody && { payload: {} }),
  })

/** Somebody who has one of everything. */
async function settled(person: Person) {
  const { id: tasks } = await person.creates({ title: 'Stays' })
  const { id: tokens } = await create(person, { name: 'Stays' })
  const [{ id: sessions }] = (await person.get('/users/me/sessions')).json()
  return { ...person, ids: { tasks, tokens, sessions } as Record<string, number> }
}

async function stateOf(person: Person) {
  const reads = ['/users/me', '/users/me/sessions', '/users/me/tokens', '/tasks']
  return Promise.all(reads.map(async (url) => (await person.get(url)).json()))
}
