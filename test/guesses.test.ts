import { describe, expect, onTestFinished, vi } from 'vitest'
import { test as base } from './support/app.ts'

type Reply = { statusCode: number; body: string; headers: object }

/** Behind a proxy, so that a test can come from many addresses. */
const test = base.extend('logIn', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp({ TRUST_PROXY: '1' })
  const logIn = (email: string, password: string, address = '203.0.113.1') =>
    app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { 'x-forwarded-for': address },
      payload: { email, password },
    })
  return Object.assign(logIn, { app })
})

const wrong = 'not the right one'
let names = 0
/** Nobody has it yet. */
const newName = () => `guessed-${++names}`

/** Time goes on only by `pass`. */
function holdTime() {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  return { pass: (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000) }
}

/** What a client can see, less what differs with each request. */
function visible({ statusCode, headers, body }: Reply) {
  return { statusCode, body, headers: { ...headers, 'x-request-id': '', date: '', ratelimit: '' } }
}

describe('after five wrong passwords', () => {
  test('the next waits a second, then two, up to 15 minutes, and a right one ends it', async ({ as, logIn }) => {
    const { email, password, user } = as(newName())
    await user
    const time = holdTime()
    const waits: number[] = []

    for (let n = 0; n < 5; n++) expect((await logIn(email, wrong)).statusCode).toBe(401)
    while (waits.length < 12) {
      const reply = await logIn(email, password)
      expect(reply.statusCode).toBe(429)
      const seconds = Number(reply.headers['retry-after'])
      waits.push(seconds)
      time.pass(seconds - 0.001)
      expect((await logIn(email, password)).statusCode).toBe(429)
      time.pass(0.001)
      if (waits.length < 12) expect((await logIn(email, wrong)).statusCode).toBe(401)
    }
    const right = await logIn(email, password)
    const afterwards = await logIn(email, wrong)

    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
    expect(right.statusCode).toBe(200)
    expect(afterwards.statusCode).toBe(401)
  })

  test('it is the same whether there is an account or not, byte for byte', async ({ as, logIn, db }) => {
    const names = [newName(), newName(), newName()].map(as)
    const [ann, gone] = names as [(typeof names)[0], (typeof names)[0]]
    await ann.user
    await db.updateOne(db.tables.users, { id: (await gone.user).id }, { isActive: false })
    const time = holdTime()

    const courses = []
    for (const { email } of names) {
      const replies: Reply[] = []
      for (let n = 0; n < 7; n++) replies.push(await logIn(email, wrong))
      time.pass(1)
      for (let n = 0; n < 2; n++) replies.push(await logIn(email, wrong))
      courses.push(replies.map(visible))
    }

    expect(courses[0]?.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401, 401, 429, 429, 401, 429])
    expect(courses[1]).toEqual(courses[0])
    expect(courses[2]).toEqual(courses[0])
    expect(JSON.parse(courses[0]?.[5]?.body ?? '')).toEqual({
      type: '../problems#rate-limited',
      title: 'Too many requests',
      status: 429,
      detail: 'Too many wrong passwords: wait, then try again',
      code: 'RATE_LIMITED',
    })
  })

  test('open sessions, other accounts and other networks go on', async ({ as, anyone, logIn }) => {
    const { email, password, user, get } = as(newName())
    const bob = as(newName())
    await Promise.all([user, bob.user])
    const { refresh_token } = (await anyone.post('/auth/login', { email, password })).json()

    for (let n = 0; n < 6; n++) await logIn(email, wrong, '2001:db8::1')

    expect((await logIn(email, password, '2001:db8::2')).statusCode).toBe(429)
    expect((await logIn(email, password, '2001:db8:0:1::1')).statusCode).toBe(200)
    expect((await logIn(bob.email, bob.password, '2001:db8::1')).statusCode).toBe(200)
    expect((await get('/users/me')).statusCode).toBe(200)
    expect((await anyone.post('/auth/refresh', { refresh_token })).statusCode).toBe(200)
  })

  test('those who guess at once get one try when the wait is over', async ({ as, logIn }) => {
    const { email, user } = as(newName())
    await user
    const time = holdTime()
    for (let n = 0; n < 5; n++) await logIn(email, wrong)
    time.pass(1)

    const replies = await Promise.all(Array.from({ length: 5 }, () => logIn(email, wrong)))

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([401, 429, 429, 429, 429])
  })

  test('the password is not even looked at, and an email is one however it is written', async ({ as, logIn, db }) => {
    const { email, password, user } = as(newName())
    const { id: userId } = await user
    for (let n = 0; n < 5; n++) await logIn(n % 2 ? email : ` ${email.toUpperCase()}`, wrong)

    const refused = await logIn(email.toUpperCase(), password)

    expect(refused.statusCode).toBe(429)
    expect(await db.deleteMany(db.tables.auditEvents, { userId, event: 'login_failed' })).toBe(5)
    expect(await db.deleteMany(db.tables.auditEvents, { userId, event: 'logged_in' })).toBe(1)
  })
})

describe('guesses at once', () => {
  test('of twelve from one address, five are tried', async ({ as, logIn, db }) => {
    const { email, user } = as(newName())
    const { id: userId } = await user

    const replies = await Promise.all(Array.from({ length: 12 }, () => logIn(email, wrong)))

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([...Array(5).fill(401), ...Array(7).fill(429)])
    expect(await db.deleteMany(db.tables.auditEvents, { userId, event: 'login_failed' })).toBe(5)
  })

  test('of 600 from 60 addresses at one account, a hundred are tried', async ({ logIn }) => {
    const email = `${newName()}@example.org`
    holdTime()
    let tried = 0
    const guess = (_: unknown, n: number) =>
      logIn.app.guesses.attempt(email, `203.0.113.${n % 60}`, async () => {
        tried++
        await new Promise(setImmediate)
        return false
      })

    const outcomes = await Promise.allSettled(Array.from({ length: 600 }, guess))

    expect(tried).toBe(100)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(500)
  })

  test('that are right, or not tried, do not count', async ({ logIn }) => {
    const email = `${newName()}@example.org`
    const attempt = (verify: () => Promise<boolean>) => logIn.app.guesses.attempt(email, '203.0.113.1', verify)
    const overloaded = new Error('no turn to hash')

    for (let n = 0; n < 20; n++) {
      await expect(attempt(() => Promise.reject(overloaded))).rejects.toBe(overloaded)
    }
    for (let n = 0; n < 200; n++) expect(await attempt(async () => true)).toBe(true)
    for (let n = 0; n < 5; n++) expect(await attempt(async () => false)).toBe(false)
    await expect(attempt(async () => true)).rejects.toThrow('Too many wrong passwords')
  })
})

test('wrong passwords that are not five in a row cost nothing', async ({ as, logIn }) => {
  const { email, password, user } = as(newName())
  await user

  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 4; n++) expect((await logIn(email, wrong)).statusCode).toBe(401)
    expect((await logIn(email, password)).statusCode).toBe(200)
  }
})

test('guessing from many addresses slows down for strangers, never for the owner where they logged in', async ({
  as,
  logIn,
}) => {
  const { email, password, user } = as(newName())
  await user
  expect((await logIn(email, password, '198.51.100.1')).statusCode).toBe(200)
  const time = holdTime()
  const guess = (n: number) => logIn.app.guesses.attempt(email, `2001:db8:0:${n.toString(16)}::1`, async () => false)

  for (let n = 0; n < 100; n++) await guess(n)
  const stranger = await logIn(email, password, '203.0.113.7')
  const owner = await logIn(email, password, '198.51.100.1')
  for (let n = 100; n < 110; n++) {
    time.pass(60)
    await guess(n)
  }
  const later = await logIn(email, password, '203.0.113.7')
  time.pass(Number(later.headers['retry-after']))
  const inTurn = await logIn(email, password, '203.0.113.7')

  expect(stranger.statusCode).toBe(429)
  expect(stranger.headers['retry-after']).toBe('1')
  expect(owner.statusCode).toBe(200)
  expect(later.headers['retry-after']).toBe('60')
  expect(inTurn.statusCode).toBe(200)
})

test('thirty right logins at once are all answered, however few wrong ones would be', async ({ as, app }) => {
  const ann = as('thirty')
  await ann.user

  const logins = await Promise.all(
    Array.from({ length: 30 }, () =>
      app.inject({ method: 'POST', url: '/auth/login', payload: { email: ann.email, password: ann.password } }),
    ),
  )

  expect(logins.map(({ statusCode }) => statusCode)).toEqual(Array(30).fill(200))
})
