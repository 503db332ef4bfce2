import { describe, expect } from 'vitest'
import type { Person } from './support/app.ts'
import { nextOf, test } from './support/app.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const logIn = async ({ email, password }: Person, { post }: { post: Person['post'] }) =>
  (await post('/auth/login', { email, password })).json() as { access_token: string; refresh_token: string }

describe('nobody becomes another', () => {
  test.for(['user_id', 'userId', 'id', 'owner', 'is_active', 'role', 'created_at', '__proto__', 'constructor'])(
    'by a field that is not theirs to set: %s',
    async (name, { as, anyone }) => {
      const bob = as('bob')
      const { id } = await bob.user
      const eve = as('eve')
      const task = await eve.creates({ title: 'Own' })
      const json = { 'content-type': 'application/json' }
      const with_ = (fields: string) => `{${fields},"${name}":${id}}`

      const replies = [
        await eve.post('/tasks', with_('"title":"x"'), json),
        await eve.put(`/tasks/${task.id}`, with_('"title":"x"'), json),
        await eve.patch(`/tasks/${task.id}`, with_('"title":"x"'), json),
        await eve.patch('/users/me', with_('"timezone":"UTC"'), json),
        await eve.post('/users/me/tokens', with_('"name":"x","scopes":["tasks:read"]'), json),
        await anyone.post('/auth/register', with_('"email":"m@example.org","password":"correct horse"'), json),
      ]

      for (const { statusCode } of replies) expect([400, 422]).toContain(statusCode)
      expect((await eve.get('/users/me')).json()).toEqual(await eve.user)
      expect((await bob.get('/users/me')).json()).toEqual(await bob.user)
      expect((await bob.get('/tasks')).json()).toEqual([])
    },
  )

  test('by headers that name them, or rename the method', async ({ as }) => {
    const bob = as('bob')
    const eve = as('eve')
    const { id } = await eve.creates({ title: 'Stays' })
    const others = String((await bob.user).id)

    for (const name of [
      'x-user-id',
      'x-forwarded-user',
      'x-remote-user',
      'remote-user',
      'x-original-url',
      'x-rewrite-url',
    ]) {
      expect((await eve.get('/users/me', undefined, { [name]: others })).json()).toEqual(await eve.user)
    }
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const reply = await eve.get(`/tasks/${id}`, undefined, { [name]: 'DELETE' })
      expect(reply.statusCode).toBe(200)
    }
    expect((await eve.get(`/tasks/${id}`)).json().title).toBe('Stays')
  })

  test('by a parameter that is sent twice, or names them', async ({ as }) => {
    const bob = as('bob')
    await bob.creates({ title: 'Secret' })
    const eve = as('eve')

    for (const query of [
      `user_id=${(await bob.user).id}`,
      'limit=1&limit=500',
      'cursor=2&cursor=999',
      'limit[]=5',
      'id=1',
    ]) {
      const reply = await eve.get(`/tasks?${query}`)
      expect(reply.statusCode).toBe(422)
      expect(reply.body).not.toContain('Secret')
    }
  })

  test.for(['..%2Fme', '1%2F..%2F2', '%2e%2e%2f1', '1%00', '1;2', '*', '1,2', '-1', '0x1'])(
    'by an id that is a path or a list: %s',
    async (id, { as }) => {
      const eve = as('eve')

      for (const path of ['tasks', 'users/me/sessions', 'users/me/tokens']) {
        const reply = await eve.delete(`/${path}/${id}`)
        expect(reply.statusCode, reply.body).toBe(422)
      }
      expect((await eve.get('/users/me')).statusCode).toBe(200)
    },
  )

  test('by an email that looks like theirs', async ({ as, anyone }) => {
    const bob = as('bob')
    await bob.user
    const password = bob.password
    const [local] = bob.email.split('@')

    for (const [email, status] of [
      [`${local}\u200b@example.org`, 422],
      [`${local}@exаmple.org`, 401],
      [`${local}+x@example.org`, 401],
      [`${local}\u0000@example.org`, 422],
    ] as const) {
      expect((await anyone.post('/auth/login', { email, password })).statusCode, email).toBe(status)
    }
    expect((await anyone.post('/auth/register', { email: bob.email.toUpperCase(), password })).statusCode).toBe(409)
    expect((await anyone.post('/auth/register', { email: ` ${bob.email}`, password })).statusCode).toBe(409)
  })

  test('by a refresh token in place of an access token, or the other way round', async ({ as, anyone }) => {
    const bob = as('bob')
    await bob.user
    const tokens = await logIn(bob, anyone)

    expect((await anyone.get('/users/me', undefined, bearer(tokens.refresh_token))).statusCode).toBe(401)
    expect((await anyone.post('/auth/refresh', { refresh_token: tokens.access_token })).statusCode).toBe(422)
  })

  test("by their refresh token's answer while logged in as oneself: tokens stay whose they are", async ({
    as,
    anyone,
  }) => {
    const bob = as('bob')
    await bob.user
    const { refresh_token } = await logIn(bob, anyone)

    const reply = await as('eve').post('/auth/refresh', { refresh_token })

    const me = await anyone.get('/users/me', undefined, bearer(reply.json().access_token))
    expect(me.json()).toEqual(await bob.user)
    expect((await as('eve').get('/users/me')).json()).toEqual(await as('eve').user)
  })

  test('by a token of their account with the session of another', async ({ as, app, anyone }) => {
    const bob = await as('bob').user
    const eveSession = (await as('eve').get('/users/me/sessions')).json()[0].id

    const { token } = app.accessTokens.issue(bob.id, eveSession)

    expect((await anyone.get('/users/me', undefined, bearer(token))).statusCode).toBe(401)
  })

  test('by an id that a deleted account or session had', async ({ as, anyone }) => {
    const gone = as('gone')
    const { id } = await gone.user
    const { refresh_token } = await logIn(gone, anyone)
    const before = await gone.get('/users/me/sessions')
    expect((await gone.delete('/users/me', { password: gone.password })).statusCode).toBe(204)

    const heir = as('heir')
    const heirs = await heir.get('/users/me/sessions')

    expect((await heir.user).id).not.toBe(id)
    expect(heirs.json()[0].id).toBeGreaterThan(before.json()[0].id)
    expect((await gone.get('/users/me')).statusCode).toBe(401)
    expect((await anyone.post('/auth/refresh', { refresh_token })).statusCode).toBe(401)
    expect((await anyone.post('/auth/login', { email: gone.email, password: gone.password })).statusCode).toBe(401)
  })
})

describe("nobody reads another's data", () => {
  test('by a cursor or a tag of theirs', async ({ as }) => {
    const bob = as('bob')
    const { id } = await bob.creates({ title: 'Secret' })
    const eve = as('reader')
    const { etag } = (await bob.get(`/tasks/${id}`)).headers

    await bob.creates({ title: 'Secret, too' })
    const next = nextOf('/tasks', await bob.get('/tasks?limit=1'))!

    for (const path of [next, `/users/me/activity?cursor=${id + 1}`]) {
      const reply = await eve.get(path)
      expect(reply.statusCode).toBe(200)
      expect(reply.body).not.toContain('Secret')
    }
    expect((await eve.get(next)).json()).toEqual([])
    expect((await eve.get(`/tasks/${id}`, undefined, { 'if-none-match': String(etag) })).statusCode).toBe(404)
    expect((await eve.get(`/tasks/${id}`, undefined, { 'if-none-match': '*' })).statusCode).toBe(404)
  })

  test('by a page elsewhere, whatever origin it claims', async ({ as }) => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost', 'https://example.org.evil.example']) {
      const reply = await as('bob').get('/users/me', undefined, { origin })
      expect(reply.headers['access-control-allow-origin']).toBeUndefined()
      expect(reply.headers['access-control-allow-credentials']).toBeUndefined()
    }
  })

  test('by a page elsewhere, where another origin is allowed', async ({ buildTestApp }) => {
    const app = await buildTestApp({ CORS_ORIGINS: 'https://tasks.example.org' })
    const allowed = async (origin: string) =>
      (await app.inject({ url: '/health/live', headers: { origin } })).headers['access-control-allow-origin']

    expect(await allowed('https://tasks.example.org')).toBe('https://tasks.example.org')
    for (const origin of [
      'null',
      'https://tasks.example.org.evil.example',
      'http://tasks.example.org',
      'https://TASKS.example.org',
    ]) {
      expect(await allowed(origin)).not.toBe(origin)
    }
  })

  test('from a cache that is shared', async ({ as, anyone }) => {
    const bob = as('bob')
    await bob.user

    for (const url of ['/users/me', '/tasks', '/users/me/sessions', '/users/me/tokens', '/users/me/activity']) {
      expect((await bob.get(url)).headers['cache-control'], url).toBe('private, no-cache')
    }
    expect((await bob.get('/users/me/export')).headers['cache-control']).toBe('no-store')
    const login = await anyone.post('/auth/login', { email: bob.email, password: bob.password })
    expect(login.headers['cache-control']).toBe('no-store')
  })
})
