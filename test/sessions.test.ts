import { afterEach, describe, expect, vi } from 'vitest'
import type { Query } from '../src/database/database.ts'
import type { SessionRow } from '../src/sessions/store.ts'
import { people, test } from './support/app.ts'

const minute = 60_000
const day = 1440 * minute

function later(ms: number) {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.now() + ms)
}
afterEach(() => {
  vi.useRealTimers()
})

const invalidRefreshToken = {
  type: '/problems#invalid-refresh-token',
  title: 'Invalid refresh token',
  status: 401,
  detail: 'Invalid refresh token',
  code: 'INVALID_REFRESH_TOKEN',
}

const everySession: Query<SessionRow> = ({ select, tables: { sessions } }) => select().from(sessions)

type Person = ReturnType<ReturnType<typeof people>>
type Verbs = Pick<Person, 'get' | 'post' | 'delete'>

/** A further login of a person: its tokens, and requests with its access token. */
async function logsIn(person: Person, anyone: Verbs) {
  await person.user
  const reply = await anyone.post('/auth/login', { email: person.email, password: person.password })
  const { access_token, refresh_token } = reply.json()
  const headers = { authorization: `Bearer ${access_token}` }
  return {
    refreshToken: refresh_token as string,
    get: (url: string) => anyone.get(url, undefined, headers),
    post: (url: string) => anyone.post(url, undefined, headers),
    delete: (url: string) => anyone.delete(url, undefined, headers),
  }
}

describe('a refresh token', () => {
  test('is exchanged for new tokens, once', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)

    const first = await anyone.post('/auth/refresh', { refresh_token: refreshToken })
    const again = await anyone.post('/auth/refresh', { refresh_token: refreshToken })

    expect(first.statusCode).toBe(200)
    expect(first.headers['cache-control']).toBe('no-store')
    expect(first.json()).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^tmr_[\w-]{65}$/),
      refresh_expires_in: 7 * 86_400,
    })
    expect([again.statusCode, again.json()]).toEqual([401, invalidRefreshToken])
    const me = await anyone.get('/users/me', undefined, { authorization: `Bearer ${first.json().access_token}` })
    expect(me.statusCode).toBe(200)
  })

  test('is taken as the OAuth2 form too', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'x' })

    const reply = await anyone.post('/auth/refresh', form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    })

    expect([reply.statusCode, reply.json().token_type]).toEqual([200, 'bearer'])
  })

  test('sent ten times at once answers once, and its successor works', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const refresh = (refresh_token: string) => anyone.post('/auth/refresh', { refresh_token })

    const replies = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(401)])
    const won = replies.find(({ statusCode }) => statusCode === 200)
    expect((await refresh(won?.json().refresh_token)).statusCode).toBe(200)
  })

  test.for([
    ['the one before, after ten seconds', 11_000, 1],
    ['an older one, at once', 0, 2],
  ] as const)('that was spent ends the session: %s', async ([, ms, uses], { as, anyone, db }) => {
    const ann = as(`ann-${uses}`)
    const session = await logsIn(ann, anyone)
    const refresh = (refresh_token: string) => anyone.post('/auth/refresh', { refresh_token })
    let latest = session.refreshToken
    for (let use = 0; use < uses; use++) latest = (await refresh(latest)).json().refresh_token
    later(ms)

    const replay = await refresh(session.refreshToken)

    expect([replay.statusCode, replay.json()]).toEqual([401, invalidRefreshToken])
    expect((await refresh(latest)).statusCode).toBe(401)
    expect((await session.get('/users/me')).statusCode).toBe(401)
    expect((await ann.get('/users/me')).statusCode, 'other sessions go on').toBe(200)
    const { id } = await ann.user
    const reused = await db.find(db.tables.auditEvents, { userId: id, event: 'refresh_token_reused' })
    expect(reused?.address).toBe('127.0.0.1')
  })

  test('works for seven idle days and thirty in all', async ({ as, anyone }) => {
    const ann = as('ann')
    const idle = await logsIn(ann, anyone)
    const busy = await logsIn(ann, anyone)
    const refresh = (refresh_token: string) => anyone.post('/auth/refresh', { refresh_token })
    let latest = busy.refreshToken
    for (let days = 0; days < 24; days += 6) {
      later(6 * day)
      latest = (await refresh(latest)).json().refresh_token
    }

    later(5 * day)
    const last = await refresh(latest)
    later(day + minute)

    expect((await refresh(idle.refreshToken)).statusCode).toBe(401)
    expect(last.json().refresh_expires_in).toBeLessThanOrEqual(day / 1000)
    expect((await refresh(last.json().refresh_token)).statusCode).toBe(401)
  })

  test.for([
    ['', 422],
    ['tmr_', 422],
    ['x', 422],
    [`tmr_${'a'.repeat(64)}`, 422],
    [`tmr_${'a'.repeat(65)}`, 401],
    [`tmr_${'a'.repeat(66)}`, 422],
    [`tmr_\u0000${'a'.repeat(64)}`, 422],
  ] as const)('that is none is refused: "%s"', async ([refresh_token, status], { anyone }) => {
    const reply = await anyone.post('/auth/refresh', { refresh_token })

    expect(reply.statusCode).toBe(status)
  })

  test('is kept as a hash only', async ({ as, anyone, db }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)

    const sessions = await db.all(everySession, {})

    expect(sessions.length).toBeGreaterThan(0)
    const kept = JSON.stringify(sessions)
    for (let i = 4; i < refreshToken.length - 20; i++) expect(kept).not.toContain(refreshToken.slice(i, i + 20))
  })

  test('of an inactive account is refused', async ({ as, anyone, db }) => {
    const sleeper = as('sleeper')
    const { refreshToken } = await logsIn(sleeper, anyone)
    await db.update(db.tables.users, { id: (await sleeper.user).id }, { isActive: false })

    const reply = await anyone.post('/auth/refresh', { refresh_token: refreshToken })

    expect(reply.statusCode).toBe(401)
  })
})

describe('sessions', () => {
  test('are listed to their owner, with the current one marked', async ({ as, anyone }) => {
    const bob = as('bob')
    const other = await logsIn(bob, anyone)

    const listed = await bob.get('/users/me/sessions')

    expect(listed.json()).toHaveLength(2)
    expect(listed.json()[1]).toEqual({
      id: expect.any(Number),
      created_at: expect.any(String),
      last_used_at: listed.json()[1].created_at,
      expires_at: expect.any(String),
      address: '127.0.0.1',
      user_agent: 'lightMyRequest',
      is_current: true,
    })
    expect(listed.json()[0].is_current).toBe(false)
    expect((await other.get('/users/me/sessions')).json()[0].is_current).toBe(true)
  })

  test('end one by one, with the next request', async ({ as, anyone }) => {
    const cat = as('cat')
    const other = await logsIn(cat, anyone)
    const [{ id }] = (await cat.get('/users/me/sessions')).json()

    const reply = await cat.delete(`/users/me/sessions/${id}`)

    expect(reply.statusCode).toBe(204)
    expect((await other.get('/users/me')).statusCode).toBe(401)
    expect((await anyone.post('/auth/refresh', { refresh_token: other.refreshToken })).statusCode).toBe(401)
    expect((await cat.get('/users/me')).statusCode).toBe(200)
    expect((await cat.delete(`/users/me/sessions/${id}`)).json().code).toBe('SESSION_NOT_FOUND')
  })

  test('can be ended by their owner only', async ({ as }) => {
    const cat = as('cat')
    const [{ id }] = (await cat.get('/users/me/sessions')).json()

    const stolen = await as('dan').delete(`/users/me/sessions/${id}`)

    expect(stolen.json().code).toBe('SESSION_NOT_FOUND')
    expect((await cat.get('/users/me')).statusCode).toBe(200)
  })

  test('end by logging out: this one, or all', async ({ as, anyone }) => {
    const eve = as('eve')
    const [first, second] = [await logsIn(eve, anyone), await logsIn(eve, anyone)]

    expect((await first.post('/auth/logout')).statusCode).toBe(204)
    expect((await first.get('/users/me')).statusCode).toBe(401)
    expect((await second.get('/users/me')).statusCode).toBe(200)

    expect((await second.post('/auth/logout-all')).statusCode).toBe(204)
    expect((await second.get('/users/me')).statusCode).toBe(401)
    expect((await eve.get('/users/me')).statusCode).toBe(401)
    expect((await anyone.post('/auth/refresh', { refresh_token: second.refreshToken })).statusCode).toBe(401)
  })

  test('are twenty at most: the oldest goes', async ({ as, anyone }) => {
    const fay = as('fay')
    await fay.user
    for (let i = 0; i < 19; i++) await logsIn(fay, anyone)
    expect((await fay.get('/users/me/sessions')).json()).toHaveLength(20)

    const last = await logsIn(fay, anyone)

    expect((await last.get('/users/me/sessions')).json()).toHaveLength(20)
    expect((await fay.get('/users/me')).statusCode).toBe(401)
  })
})

describe('a changed SECRET_KEY', () => {
  const [former, present] = ['former '.repeat(6), 'present '.repeat(6)]

  test('leaves tokens valid while the former one is SECRET_KEY_PREVIOUS', async ({ buildTestApp }) => {
    const before = await buildTestApp({ SECRET_KEY: former })
    const token = await people(before)('gil').token
    const headers = { authorization: `Bearer ${token}` }
    const open = async (settings: Record<string, string>) =>
      (await (await buildTestApp(settings)).inject({ url: '/users/me', headers })).statusCode

    expect(await open({ SECRET_KEY: present, SECRET_KEY_PREVIOUS: former })).toBe(200)
    expect(await open({ SECRET_KEY: present })).toBe(401)
    expect(await open({ SECRET_KEY: present, SECRET_KEY_PREVIOUS: 'another '.repeat(6) })).toBe(401)
  })

  test('signs new tokens, which say so', async ({ buildTestApp }) => {
    const after = await buildTestApp({ SECRET_KEY: present, SECRET_KEY_PREVIOUS: former })

    const token = await people(after)('hal').token

    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[0-9a-f]{8}$/) })
    const only = await buildTestApp({ SECRET_KEY: present })
    expect((await only.inject({ url: '/users/me', headers: { authorization: `Bearer ${token}` } })).statusCode).toBe(
      200,
    )
  })
})
