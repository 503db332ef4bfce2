import { describe, expect, onTestFinished, vi } from 'vitest'
import { test } from './support/app.ts'

const refused = {
  type: '/problems#rate-limited',
  title: 'Too many requests',
  status: 429,
  detail: 'Too many requests',
  code: 'RATE_LIMITED',
}
const nobody = { email: 'nobody@example.org', password: 'correct horse battery' }

/** Time goes on only by `vi.setSystemTime`. */
function holdTime() {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('a user', () => {
  test('may send so many requests a minute, and is told how many are left', async ({ buildTestApp, as }) => {
    const headers = { authorization: `Bearer ${await as('ann').token}` }
    const app = await buildTestApp({ RATE_LIMIT_MAX: '2' })
    holdTime()
    const ask = () => app.inject({ url: '/users/me', headers })

    const replies = [await ask(), await ask(), await ask()]
    vi.setSystemTime(Date.now() + 20_500)
    const later = await ask()
    vi.setSystemTime(Date.now() + 39_500)
    const nextMinute = await ask()

    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
    for (const { headers } of replies) expect(headers['ratelimit-policy']).toBe('"default";q=2;w=60')
    expect(replies.map(({ headers }) => headers.ratelimit)).toEqual([
      '"default";r=1;t=60',
      '"default";r=0;t=60',
      '"default";r=0;t=60',
    ])
    expect(replies[2]?.json()).toEqual(refused)
    expect(replies[2]?.headers['content-type']).toMatch('application/problem+json')
    expect(replies[2]?.headers['retry-after']).toBe('60')
    expect(later.headers['retry-after']).toBe('40')
    expect(later.headers.ratelimit).toBe('"default";r=0;t=40')
    expect(nextMinute.statusCode).toBe(200)
    expect(nextMinute.headers.ratelimit).toBe('"default";r=1;t=60')
  })

  test('is counted by who it is, with whatever token, and not for others', async ({ buildTestApp, as, anyone }) => {
    const { email, password, token, user } = as('ann')
    await user
    const login = await anyone.post('/auth/login', { email, password })
    const app = await buildTestApp({ RATE_LIMIT_MAX: '3' })
    const ask = (bearer: string, method: 'GET' | 'HEAD' = 'GET') =>
      app.inject({ method, url: '/tasks', headers: { authorization: `Bearer ${bearer}` } })

    await ask(await token)
    await ask(await token, 'HEAD')
    const third = await ask(login.json().access_token)
    const fourth = await ask(login.json().access_token)
    const other = await ask(await as('bob').token)

    expect(third.headers.ratelimit).toMatch('"default";r=0;')
    expect(fourth.statusCode).toBe(429)
    expect(other.headers.ratelimit).toMatch('"default";r=2;')
  })

  test('is refused before anything is validated or changed', async ({ buildTestApp, as }) => {
    const ann = as('ann')
    const headers = { authorization: `Bearer ${await ann.token}` }
    const app = await buildTestApp({ RATE_LIMIT_MAX: '1' })
    const post = (payload: object) => app.inject({ method: 'POST', url: '/tasks', headers, payload })

    const invalid = await post({})
    const replies = [await post({}), await post({ title: 'Too many' })]

    expect(invalid.statusCode).toBe(422)
    for (const reply of replies) expect(reply.json()).toEqual(refused)
    expect((await ann.get('/tasks')).json()).toEqual([])
  })
})

describe('an address', () => {
  test('may register and log in so many times a minute, counted together', async ({ buildTestApp }) => {
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '3', REFRESH_RATE_LIMIT_MAX: '1' })
    const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload })

    const replies = [
      await post('/auth/register', { ...nobody, email: 'no email' }),
      await post('/auth/login', nobody),
      await post('/auth/login', {}),
      await post('/auth/login', nobody),
      await post('/auth/register', nobody),
    ]
    const refreshes = [await post('/auth/refresh', {}), await post('/auth/refresh', {})]

    expect(replies.map(({ statusCode }) => statusCode)).toEqual([422, 401, 422, 429, 429])
    expect(replies[1]?.headers['ratelimit-policy']).toBe('"login";q=3;w=60')
    expect(replies[1]?.headers.ratelimit).toMatch(/^"login";r=1;t=\d\d$/)
    expect(replies[3]?.json()).toEqual(refused)
    expect(replies[3]?.headers['retry-after']).toMatch(/^\d\d$/)
    expect(refreshes.map(({ statusCode }) => statusCode)).toEqual([422, 429])
    expect((await app.inject('/health/live')).headers.ratelimit).toBeUndefined()
  })

  test('cannot be made up: forwarding headers change nothing unless a proxy is trusted', async ({ buildTestApp }) => {
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '3' })
    const logIn = (n: number) =>
      app.inject({
        method: 'POST',
        url: '/auth/login',
        headers: {
          'x-forwarded-for': `203.0.113.${n}`,
          'x-real-ip': `203.0.113.${n}`,
          forwarded: `for=203.0.113.${n}`,
        },
        payload: {},
      })

    const statuses = [await logIn(1), await logIn(2), await logIn(3), await logIn(4)].map((reply) => reply.statusCode)

    expect(statuses).toEqual([422, 422, 422, 429])
  })

  test('is an IPv6 network of 64 bits, or an IPv4 address however it is written', async ({ buildTestApp }) => {
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '1', TRUST_PROXY: '1' })
    const logInFrom = async (address: string) => {
      const headers = { 'x-forwarded-for': `198.51.100.1, ${address}` }
      return (await app.inject({ method: 'POST', url: '/auth/login', headers, payload: {} })).statusCode
    }

    expect(await logInFrom('2001:db8:0:1::1')).toBe(422)
    expect(await logInFrom('2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe(429)
    expect(await logInFrom('2001:DB8::1:0:0:0:2')).toBe(429)
    expect(await logInFrom('2001:db8:0:2::1')).toBe(422)
    expect(await logInFrom('203.0.113.1')).toBe(422)
    expect(await logInFrom('::ffff:203.0.113.1')).toBe(429)
    expect(await logInFrom('::ffff:cb00:7101')).toBe(429)
    expect(await logInFrom('203.0.113.2')).toBe(422)
  })

  test('may fail to authenticate so many times a minute, while right tokens work', async ({ buildTestApp, as }) => {
    const token = await as('ann').token
    const app = await buildTestApp({ RATE_LIMIT_MAX: '3' })
    const ask = (authorization?: string) =>
      app.inject({ url: '/tasks', headers: authorization === undefined ? {} : { authorization } })

    const replies = [await ask(), await ask('Bearer wrong'), await ask('Bearer tma_wrong'), await ask('Bearer other')]

    expect(replies.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 429])
    expect(replies[0]?.headers.ratelimit).toMatch('"default";r=2;')
    expect(replies[3]?.json()).toEqual(refused)
    expect((await ask(`Bearer ${token}`)).statusCode).toBe(200)
  })
})

test('every operation but health is limited, and says so in the document', async ({ app }) => {
  const operations = Object.entries(app.swagger().paths ?? {})
    .flatMap(([path, item]) =>
      Object.entries(item as Record<string, { responses: Record<string, { headers?: object }> }>).map(
        ([method, { responses }]) => ({ path, method, responses }),
      ),
    )
    .filter(({ path }) => !path.startsWith('/health/'))

  expect(operations.length).toBeGreaterThan(10)
  for (const { path, method, responses } of operations) {
    const at = `${method} ${path}`
    expect(responses, at).toHaveProperty('429.headers.Retry-After')
    for (const [status, response] of Object.entries(responses)) {
      if (Number(status) >= 500) continue
      expect(Object.keys(response.headers ?? {}), `${at} ${status}`).toContain('RateLimit')
      expect(Object.keys(response.headers ?? {}), `${at} ${status}`).toContain('RateLimit-Policy')
    }
  }
})

test('what a route refuses at once counts, too', async ({ anyone }) => {
  const refused = await anyone.post('/auth/password-reset', { email: 'ann@example.org' })

  expect([refused.statusCode, refused.json().code]).toEqual([404, 'MAIL_DISABLED'])
  expect(refused.headers.ratelimit).toMatch(/^"login";r=/)
})

test('a flood leaves one record a minute', async ({ buildTestApp, as, db }) => {
  const ann = as('flooder')
  const { id: userId } = await ann.user
  const headers = { authorization: `Bearer ${await ann.token}` }
  const app = await buildTestApp({ RATE_LIMIT_MAX: '1' })

  for (let n = 0; n < 20; n++) await app.inject({ url: '/users/me', headers })

  const { auditEvents } = db.tables
  await expect
    .poll(() => db.find(auditEvents, { userId, event: 'rate_limited' }))
    .toMatchObject({ address: '127.0.0.1' })
  expect(await db.delete(auditEvents, { userId, event: 'rate_limited' })).toBe(1)
})

test('fifty logins at once leave health answering, and ten of them get to their password', async ({ buildTestApp }) => {
  const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '10' })
  const logIn = (_: unknown, n: number) =>
    app.inject({ method: 'POST', url: '/auth/login', payload: { ...nobody, email: `nobody${n}@example.org` } })

  const logins = Promise.all(Array.from({ length: 50 }, logIn))
  const health = await Promise.all(Array.from({ length: 10 }, () => app.inject('/health/ready')))

  for (const { statusCode } of health) expect(statusCode).toBe(200)
  const statuses = (await logins).map(({ statusCode }) => statusCode)
  expect(statuses.sort()).toEqual([...Array(10).fill(401), ...Array(40).fill(429)])
})
