import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { addAccount } from '../src/auth/store.ts'
import { hashPassword } from '../src/credentials/passwords.ts'
import { type App, test } from './support/app.ts'
import { openApi } from './support/openapi.ts'

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

describe('people behind one address', () => {
  const password = 'correct horse battery'

  /** Thirty accounts, and their logins from one address. */
  async function office(app: App) {
    const passwordHash = await hashPassword(password)
    const client = { address: '127.0.0.1', userAgent: null, log: app.log }
    const emails = Array.from({ length: 30 }, (_, n) => `${randomUUID()}-${n}@example.org`)
    for (const email of emails) await addAccount(app.db, email, passwordHash, client)
    const logIn = (email: string, password: string) =>
      app.inject({ method: 'POST', url: '/auth/login', payload: { email, password } })
    return { emails, logIn }
  }

  test('can all log in within a minute, one after the other or at once', async ({ buildTestApp }) => {
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '10' })
    const { emails, logIn } = await office(app)

    for (const email of emails) {
      const login = await logIn(email, password)
      expect([login.statusCode, login.headers.ratelimit]).toEqual([200, expect.stringMatching(/^"login";r=10;t=/)])
    }
    const atOnce = await Promise.all(emails.map((email) => logIn(email, password)))

    expect(atOnce.map(({ statusCode }) => statusCode)).toEqual(Array(30).fill(200))
  })

  test('share the wrong passwords of a minute, and all their logins', async ({ buildTestApp }) => {
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '2' })
    const { emails, logIn } = await office(app)
    holdTime()

    for (const email of emails) expect((await logIn(email, password)).statusCode).toBe(200)
    const wrong = []
    for (const email of emails.slice(0, 3)) wrong.push((await logIn(email, 'wrong')).statusCode)
    const right = await logIn(emails[0]!, password)
    vi.setSystemTime(Date.now() + 60_000)
    const nextMinute: number[] = []
    for (let n = 0; n < 41; n++) nextMinute.push((await logIn(emails[n % 30]!, password)).statusCode)

    expect(wrong).toEqual([401, 401, 429])
    expect(right.statusCode).toBe(429)
    expect(nextMinute).toEqual([...Array(40).fill(200), 429])
  })

  test('do not wait for a client that went away', async ({ buildTestApp, as }) => {
    const { email, password, user } = as('ann')
    await user
    const app = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '1' })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const gone = connect(port, '127.0.0.1')
    const arrived = once(app.server, 'request')
    gone.write('POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{')
    await arrived
    await setImmediate()

    const waiting = app.inject({ method: 'POST', url: '/auth/login', payload: { email, password } })
    await setImmediate()
    gone.destroy()
    const login = await waiting

    expect(login.statusCode).toBe(429)
  })
})

test('every operation is limited but health and the welcome, and says so in the document', async ({ app }) => {
  const operations = openApi(app).operations.filter(({ path }) => path !== '/' && !path.startsWith('/health/'))

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
  expect(await db.deleteMany(auditEvents, { userId, event: 'rate_limited' })).toBe(1)
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
