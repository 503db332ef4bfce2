import { afterEach, describe, expect, vi } from 'vitest'
import type { Query } from '../src/database/database.ts'
import { readRefreshToken } from '../src/sessions/refresh.ts'
import type { SessionRow } from '../src/sessions/table.ts'
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
  test('is exchanged for new tokens, and for the same refresh token if the answer was lost', async ({ as, anyone }) => {
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
    expect(again.statusCode).toBe(200)
    expect(again.json().refresh_token).toBe(first.json().refresh_token)
    for (const { access_token } of [first.json(), again.json()]) {
      const me = await anyone.get('/users/me', undefined, { authorization: `Bearer ${access_token}` })
      expect(me.statusCode).toBe(200)
    }
  })

  test('is taken as the OAuth2 form too', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'x' })

    const reply = await anyone.post('/auth/refresh', form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    })

    expect([reply.statusCode, reply.json().token_type]).toEqual([200, 'bearer'])
  })

  test('sent ten times at once is answered ten times with one successor, which works', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const refresh = (refresh_token: string) => anyone.post('/auth/refresh', { refresh_token })

    const replies = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))

    expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200))
    const [successor, ...others] = new Set(replies.map((reply) => reply.json().refresh_token))
    expect(others).toEqual([])
    expect((await refresh(successor)).statusCode).toBe(200)
  })

  test('that was answered again within ten seconds works once more at their end', async ({ as, anyone }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const refresh = (refresh_token: string) => anyone.post('/auth/refresh', { refresh_token })
    later(0)
    const first = await refresh(refreshToken)

    later(10_000)
    const again = await refresh(refreshToken)

    expect(again.json().refresh_token).toBe(first.json().refresh_token)
    expect((await refresh(again.json().refresh_token)).statusCode).toBe(200)
  })

  test('is followed by the same one after SECRET_KEY was changed', async ({ buildTestApp }) => {
    const [former, present] = ['former '.repeat(6), 'present '.repeat(6)]
    const before = await buildTestApp({ SECRET_KEY: former })
    const after = await buildTestApp({ SECRET_KEY: present, SECRET_KEY_PREVIOUS: former })
    const forgetful = await buildTestApp({ SECRET_KEY: present })
    const { email, password, user } = people(before)('ida')
    await user
    const post = (app: typeof before, url: string, payload: object) => app.inject({ method: 'POST', url, payload })
    const { refresh_token } = (await post(before, '/auth/login', { email, password })).json()

    const first = await post(before, '/auth/refresh', { refresh_token })
    const again = await post(after, '/auth/refresh', { refresh_token })
    const unknown = await post(forgetful, '/auth/refresh', { refresh_token })
    const next = await post(after, '/auth/refresh', { refresh_token: first.json().refresh_token })

    expect(again.json().refresh_token).toBe(first.json().refresh_token)
    expect(unknown.statusCode).toBe(401)
    expect(next.statusCode, 'the session goes on').toBe(200)
  })

  test('cannot be computed from the one before it', async ({ as, anyone, buildTestApp }) => {
    const { refreshToken } = await logsIn(as('ann'), anyone)
    const { refresh_token } = (await anyone.post('/auth/refresh', { refresh_token: refreshToken })).json()
    const other = await buildTestApp({ SECRET_KEY: 'another '.repeat(6) })

    const [guess] = other.refreshSuccessors(readRefreshToken(refreshToken)!)

    expect(guess.token).not.toBe(refresh_token)
    expect((await anyone.post('/auth/refresh', { refresh_token: guess.token })).statusCode).toBe(401)
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
    const successor = (await anyone.post('/auth/refresh', { refresh_token: refreshToken })).json().refresh_token

    const sessions = await db.all(everySession, {})

    expect(sessions.length).toBeGreaterThan(0)
    const kept = JSON.stringify(sessions)
    for (const token of [refreshToken, successor]) {
      for (let i = 4; i < token.length - 20; i++) expect(kept).not.toContain(token.slice(i, i + 20))
    }
  })

  test('of an inactive account is refused', async ({ as, anyone, db }) => {
    const sleeper = as('sleeper')
    const { refreshToken } = await logsIn(sleeper, anyone)
    await db.updateOne(db.tables.users, { id: (await sleeper.user).id }, { isActive: false })

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

  test('are twenty at most: the one unused longest ends', async ({ as, anyone }) => {
    const fay = as('fay')
    await fay.user
    const oldest = await logsIn(fay, anyone)
    for (let i = 0; i < 18; i++) await logsIn(fay, anyone)
    expect((await fay.get('/users/me/sessions')).json()).toHaveLength(20)
    later(minute)
    await anyone.post('/auth/refresh', { refresh_token: oldest.refreshToken })

    const last = await logsIn(fay, anyone)

    expect((await last.get('/users/me/sessions')).json()).toHaveLength(20)
    expect((await fay.get('/users/me')).statusCode).toBe(401)
    expect((await oldest.get('/users/me')).statusCode).toBe(200)
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
