import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

const password = 'correct horse battery'

describe('registering', () => {
  test('answers the account without its password', async ({ anyone }) => {
    const reply = await anyone.post('/auth/register', { email: 'reg@example.org', password })

    expect(reply.statusCode).toBe(201)
    expect(reply.headers.location).toBe('/users/me')
    expect(reply.json()).toEqual({
      id: expect.any(Number),
      email: 'reg@example.org',
      is_active: true,
      display_name: null,
      timezone: 'UTC',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
  })

  test('takes an email for the same however it is written', async ({ anyone }) => {
    const first = await anyone.post('/auth/register', { email: '  Zoë@Example.ORG ', password })
    const decomposed = await anyone.post('/auth/register', { email: 'zoe\u0308@example.org', password })
    const other = await anyone.post('/auth/register', { email: 'zoe@example.org', password })

    expect(first.json().email).toBe('zoë@example.org')
    expect(decomposed.statusCode).toBe(409)
    expect(other.statusCode).toBe(201)
  })

  test('of ten at once with one email makes one account', async ({ anyone }) => {
    const register = () => anyone.post('/auth/register', { email: 'ten@example.org', password })

    const replies = await Promise.all(Array.from({ length: 10 }, register))

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(9).fill(409)])
    expect(replies.find(({ statusCode }) => statusCode === 409)?.json()).toEqual({
      type: '/problems#email-taken',
      title: 'User already exists',
      status: 409,
      detail: 'User already exists',
      code: 'EMAIL_TAKEN',
    })
  })

  test.for([
    ['too short', 'a@example.org', 'seven77'],
    ['too long', 'a@example.org', 'x'.repeat(257)],
    ['common', 'a@example.org', 'Password123'],
    ['the email', 'a.long.name@example.org', 'A.Long.Name@example.org'],
    ['the name in the email', 'a.long.name@example.org', 'a.long.name'],
    ['short once it is normalized', 'a@example.org', 'e\u0301'.repeat(4)],
  ] as const)('refuses a password that is %s', async ([, email, weak], { anyone }) => {
    const reply = await anyone.post('/auth/register', { email, password: weak })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([{ detail: expect.any(String), pointer: '/password' }])
    expect(reply.body).not.toContain(weak)
    expect((await anyone.post('/auth/login', { email, password: weak.slice(0, 256) })).statusCode).toBe(401)
  })

  test.for([
    'plain',
    'a@b',
    '@example.org',
    'a@',
    'a b@example.org',
    'a@example..org',
    '.a@example.org',
    'a@b@c.org',
    '',
  ])('refuses the email "%s"', async (email, { anyone }) => {
    const reply = await anyone.post('/auth/register', { email, password })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors[0].pointer).toBe('/email')
  })

  test('asks for the length that is set, and says so in the document', async ({ buildTestApp }) => {
    const app = await buildTestApp({ PASSWORD_MIN_LENGTH: '15' })

    const payload = { email: 'long@example.org', password: 'x9-14-letters.' }
    const reply = await app.inject({ method: 'POST', url: '/auth/register', payload })

    expect(reply.statusCode).toBe(422)
    expect(app.swagger()).toHaveProperty('components.schemas.Registration.properties.password.minLength', 15)
  })
})

describe('logging in', () => {
  test('answers a token that opens the account', async ({ as, anyone }) => {
    const { email, password, user } = as('ann')
    const { id } = await user

    const reply = await anyone.post('/auth/login', { email: ` ${email.toUpperCase()}`, password })

    expect(reply.statusCode).toBe(200)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.json()).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^tmr_[\w-]{65}$/),
      refresh_expires_in: 7 * 86_400,
    })
    const me = await anyone.get('/users/me', undefined, { authorization: `Bearer ${reply.json().access_token}` })
    expect(me.json().id).toBe(id)
  })

  test('takes the OAuth2 password form, and ignores the Authorization header that comes with it', async ({
    as,
    anyone,
  }) => {
    const { email, password, user } = as('ann')
    await user
    const form = new URLSearchParams({ grant_type: 'password', username: email, password, scope: '', client_id: 'x' })

    const reply = await anyone.post('/auth/login', form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'Basic Og==',
    })

    expect(reply.statusCode).toBe(200)
    expect(reply.json().token_type).toBe('bearer')
  })

  test('answers alike for an unknown email, a wrong password and an inactive account', async ({ as, anyone, db }) => {
    const ann = as('ann')
    const gone = as('gone')
    await db.updateOne(db.tables.users, { id: (await gone.user).id }, { isActive: false })
    await ann.user

    const replies = await Promise.all([
      anyone.post('/auth/login', { email: 'nobody@example.org', password }),
      anyone.post('/auth/login', { email: ann.email, password }),
      anyone.post('/auth/login', { email: gone.email, password: gone.password }),
    ])

    for (const { statusCode, headers, body } of replies) {
      expect(statusCode).toBe(401)
      expect(headers['www-authenticate']).toBe('Bearer')
      expect(body).toBe(replies[0].body)
    }
    expect(replies[0].json().detail).toBe('Invalid email or password')
  })

  test('compares the whole password, however long, and takes looks-alike for alike', async ({ anyone }) => {
    const long = `${'x'.repeat(80)} Zoë`
    await anyone.post('/auth/register', { email: 'long.one@example.org', password: long })
    const logIn = (password: string) => anyone.post('/auth/login', { email: 'long.one@example.org', password })

    expect((await logIn(`${'x'.repeat(80)} Zo`)).statusCode).toBe(401)
    expect((await logIn(` ${long}`)).statusCode).toBe(401)
    expect((await logIn(long.normalize('NFD'))).statusCode).toBe(200)
  })

  test('needs a body of a type it knows', async ({ anyone }) => {
    const missing = await anyone.post('/auth/login')
    const text = await anyone.post('/auth/login', 'x', { 'content-type': 'text/plain' })

    expect(missing.statusCode).toBe(422)
    expect(text.statusCode).toBe(415)
  })

  test('keeps passwords as Argon2id only', async ({ as, db }) => {
    const ann = as('ann')

    const row = await db.find(db.tables.users, { id: (await ann.user).id })

    expect(row?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })
})

test('an account is shown to whom it belongs', async ({ as }) => {
  const ann = as('ann')

  const reply = await ann.get('/users/me')

  expect(reply.statusCode).toBe(200)
  expect(reply.json()).toEqual(await ann.user)
})
