import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { hash } from '@node-rs/argon2'
import { eq } from 'drizzle-orm'
import { describe, expect, vi } from 'vitest'
import type { Database, Query, Row, Tables } from '../src/database/database.ts'
import { hashToken } from '../src/values/opaque.ts'
import { test as base, mailSettings, tokenIn } from './support/smtp.ts'

const next = 'another horse battery'
const minuteMs = 60_000

const test = base.extend('settle', async ({ buildTestApp, smtp }, { onCleanup }) => {
  onCleanup(() => void vi.useRealTimers())
  /** What an app was asked for by mail is done when it is closed. */
  return async (ask: (app: Awaited<ReturnType<typeof buildTestApp>>) => Promise<unknown>) => {
    const app = await buildTestApp(mailSettings(smtp.port))
    await ask(app)
    await app.close()
  }
})

const linksOfUser: Query<Row<Tables['mailLinks']>, { userId: number }> = ({
  select,
  parameter,
  tables: { mailLinks },
}) =>
  select()
    .from(mailLinks)
    .where(eq(mailLinks.userId, parameter(mailLinks.userId, 'userId')))
const eventsOfUser: Query<Row<Tables['auditEvents']>, { userId: number }> = ({
  select,
  parameter,
  tables: { auditEvents },
}) =>
  select()
    .from(auditEvents)
    .where(eq(auditEvents.userId, parameter(auditEvents.userId, 'userId')))
    .orderBy(auditEvents.id)

const eventsOf = async (db: Database, userId: number) =>
  (await db.all(eventsOfUser, { userId })).map(({ event }) => event)

const laterBy = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

const newEmail = () => `new-${randomBytes(6).toString('hex')}@example.org`

describe('changing the password', () => {
  test('ends all other sessions and every mailed link, and tells by mail; this session goes on', async ({
    as,
    anyone,
    db,
    smtp,
  }) => {
    const ann = as('change-ann')
    const { id } = await ann.user
    const logIn = (password: string) => anyone.post('/auth/login', { email: ann.email, password })
    const other = (await logIn(ann.password)).json()
    await ann.post('/users/me/email', { email: newEmail(), password: ann.password })
    expect(await db.all(linksOfUser, { userId: id })).toHaveLength(1)

    const reply = await ann.put('/users/me/password', { current_password: ann.password, new_password: next })

    expect(reply.statusCode).toBe(204)
    expect(reply.body).toBe('')
    expect((await ann.get('/users/me')).statusCode).toBe(200)
    const authorization = `Bearer ${other.access_token}`
    expect((await anyone.get('/users/me', undefined, { authorization })).statusCode).toBe(401)
    expect((await anyone.post('/auth/refresh', { refresh_token: other.refresh_token })).statusCode).toBe(401)
    expect((await logIn(ann.password)).statusCode).toBe(401)
    expect((await logIn(next)).statusCode).toBe(200)
    expect(await db.all(linksOfUser, { userId: id })).toEqual([])
    expect(await eventsOf(db, id)).toContain('password_changed')
    const mail = await smtp.latestTo(ann.email)
    expect(mail.subject).toBe('Your password was changed')
    expect(mail.text).not.toContain(next)
  })

  test('needs the current one: without it nothing changes', async ({ as, anyone, db }) => {
    const ann = as('wrong-ann')
    const { id } = await ann.user

    const reply = await ann.put('/users/me/password', { current_password: next, new_password: next })
    const without = await ann.put('/users/me/password', { new_password: next })
    const stranger = await anyone.put('/users/me/password', { current_password: ann.password, new_password: next })

    expect(reply.statusCode).toBe(403)
    expect(reply.json()).toEqual({
      type: '/problems#wrong-password',
      title: 'Wrong password',
      status: 403,
      detail: 'Wrong password',
      code: 'WRONG_PASSWORD',
    })
    expect(without.json().errors).toEqual([{ detail: 'is required', pointer: '/current_password' }])
    expect(stranger.statusCode).toBe(401)
    expect(await eventsOf(db, id)).not.toContain('password_changed')
    expect((await anyone.post('/auth/login', { email: ann.email, password: ann.password })).statusCode).toBe(200)
  })

  test.for(['seven77', 'Password123', 'x'.repeat(257), 'weak-ann'])('refuses "%s"', async (weak, { as, anyone }) => {
    const ann = as('weak-ann')
    await ann.user
    const password = weak === 'weak-ann' ? (ann.email.split('@')[0] as string) : weak

    const reply = await ann.put('/users/me/password', { current_password: ann.password, new_password: password })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([{ detail: expect.any(String), pointer: '/new_password' }])
    expect(reply.body).not.toContain(password)
    expect((await anyone.post('/auth/login', { email: ann.email, password: ann.password })).statusCode).toBe(200)
  })

  test('of two at once takes one: the other has the wrong password by then', async ({ as, anyone }) => {
    const ann = as('two-ann')
    await ann.user
    const change = (password: string) =>
      ann.put('/users/me/password', { current_password: ann.password, new_password: password })

    const replies = await Promise.all([change(`${next} 1`), change(`${next} 2`)])

    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([204, 403])
    const winner = replies[0].statusCode === 204 ? 1 : 2
    const logIn = (password: string) => anyone.post('/auth/login', { email: ann.email, password })
    expect((await logIn(`${next} ${winner}`)).statusCode).toBe(200)
    expect((await logIn(`${next} ${3 - winner}`)).statusCode).toBe(401)
  })
})

describe('resetting a forgotten password', () => {
  test('works by the mailed link, ends all that the former one opened, and tells by mail', async ({
    as,
    anyone,
    db,
    smtp,
  }) => {
    const ann = as('reset-ann')
    const { id: userId } = await ann.user
    await db.insert(db.tables.personalAccessTokens, {
      userId,
      name: 'x',
      tokenHash: hashToken(`x ${userId}`),
      lastFour: 'last',
      scopes: 'tasks:read',
      createdAt: Date.now(),
      expiresAt: Date.now() + minuteMs,
    })

    const asked = await anyone.post('/auth/password-reset', { email: ` ${ann.email.toUpperCase()}` })
    const mail = await smtp.latestTo(ann.email)
    const token = tokenIn(mail)
    const reset = await anyone.post('/auth/password-reset/confirm', { token, password: next })

    expect(asked.statusCode).toBe(202)
    expect(asked.body).toBe('')
    expect(mail).toMatchObject({ subject: 'Reset your password', recipients: [ann.email] })
    expect(mail.from).toEqual({ name: 'Tasks', address: 'tasks@example.org' })
    expect(mail.text).toContain(`\nhttps://tasks.example.org/app/reset-password#token=${token}\n`)
    expect(reset.statusCode).toBe(204)
    expect((await ann.get('/users/me')).statusCode).toBe(401)
    expect(await db.find(db.tables.sessions, { userId })).toBeUndefined()
    expect(await db.find(db.tables.personalAccessTokens, { userId })).toBeUndefined()
    expect(await db.all(linksOfUser, { userId })).toEqual([])
    expect((await anyone.post('/auth/login', { email: ann.email, password: ann.password })).statusCode).toBe(401)
    expect((await anyone.post('/auth/login', { email: ann.email, password: next })).statusCode).toBe(200)
    expect((await smtp.latestTo(ann.email, 2)).subject).toBe('Your password was changed')
    const events = ['password_reset_requested', 'password_reset', 'login_failed', 'logged_in']
    expect((await eventsOf(db, userId)).slice(-4)).toEqual(events)
  })

  test('answers alike whether or not there is an account, and mails only where there is one', async ({
    as,
    db,
    smtp,
    settle,
  }) => {
    const ann = as('known-ann')
    const gone = as('known-gone')
    await ann.user
    await db.updateOne(db.tables.users, { id: (await gone.user).id }, { isActive: false })
    const before = smtp.deliveries.length
    const seen = new Set<string>()

    await settle(async (app) => {
      for (const email of [ann.email, gone.email, 'nobody@example.org', 'nobody@xn--mnchen-3ya.example']) {
        const { statusCode, headers, body } = await app.inject({
          method: 'POST',
          url: '/auth/password-reset',
          payload: { email },
        })
        const { 'x-request-id': _, date: __, ratelimit: ___, ...alike } = headers
        seen.add(JSON.stringify({ statusCode, alike, body }))
      }
    })

    expect(seen.size).toBe(1)
    expect([...seen][0]).toContain('"statusCode":202')
    expect(smtp.deliveries.slice(before).map(({ recipients }) => recipients)).toEqual([[ann.email]])
    expect(await db.all(linksOfUser, { userId: (await gone.user).id })).toEqual([])
  })

  test('answers before it looks at the account, so that the time tells nothing', async ({ as, anyone, db, smtp }) => {
    const ann = as('time-ann')
    const { id } = await ann.user
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { promise: locked, resolve: lock } = Promise.withResolvers<void>()
    const holding = db.transaction(async (tx) => {
      await tx.updateOne(tx.tables.users, { id }, { email: ann.email })
      lock()
      await released
    })
    await locked

    const asked = anyone.post('/auth/password-reset', { email: ann.email })
    const tooLate = Promise.race([sleep(10_000), holding]).then(
      () => 'too late',
      () => 'too late', // SQLite ends the transaction after a second
    )
    const first = await Promise.race([asked.then(({ statusCode }) => statusCode), tooLate])
    release()
    await holding

    expect(first).toBe(202)
    expect((await smtp.latestTo(ann.email)).subject).toBe('Reset your password')
  })

  test('mails links to PUBLIC_URL, whatever the request says of the host', async ({ as, anyone, smtp }) => {
    const ann = as('host-ann')
    await ann.user

    await anyone.post(
      '/auth/password-reset',
      { email: ann.email },
      {
        host: 'evil.example',
        origin: 'https://evil.example',
        referer: 'https://evil.example/',
        forwarded: 'host=evil.example;proto=https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      },
    )

    const mail = await smtp.latestTo(ann.email)
    expect(JSON.stringify(mail)).not.toContain('evil')
    expect(mail.text?.match(/https?:\/\/\S+/g)).toEqual([
      expect.stringMatching(/^https:\/\/tasks\.example\.org\/app\/reset-password#token=tml_[\w-]{43}$/),
    ])
  })

  test('takes a link once: of ten at once exactly one', async ({ as, anyone, db, smtp }) => {
    const ann = as('ten-ann')
    const { id } = await ann.user
    await anyone.post('/auth/password-reset', { email: ann.email })
    const token = tokenIn(await smtp.latestTo(ann.email))

    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        anyone.post('/auth/password-reset/confirm', { token, password: `${next} ${i}` }),
      ),
    )

    const statuses = replies.map(({ statusCode }) => statusCode)
    expect(statuses.toSorted()).toEqual([204, ...Array(9).fill(422)])
    expect(replies.find(({ statusCode }) => statusCode === 422)?.json()).toEqual({
      type: '/problems#invalid-link',
      title: 'Invalid link',
      status: 422,
      detail: 'Invalid link',
      code: 'INVALID_LINK',
    })
    const password = `${next} ${statuses.indexOf(204)}`
    expect((await anyone.post('/auth/login', { email: ann.email, password })).statusCode).toBe(200)
    expect((await eventsOf(db, id)).filter((event) => event === 'password_reset')).toHaveLength(1)
  })

  test('refuses a link alike that was used, has expired, was replaced, is for another purpose or of no account', async ({
    as,
    anyone,
    db,
    smtp,
    settle,
  }) => {
    const ann = as('bad-ann')
    const { id } = await ann.user
    const ask = () => anyone.post('/auth/password-reset', { email: ann.email })
    const confirm = async (token: string) => {
      const { statusCode, body } = await anyone.post('/auth/password-reset/confirm', { token, password: next })
      return { statusCode, body }
    }
    const never = await confirm(`tml_${randomBytes(32).toString('base64url')}`)
    await settle(ask)
    const first = tokenIn(await smtp.latestTo(ann.email))
    const address = newEmail()
    await ann.post('/users/me/email', { email: address, password: ann.password })
    const ofEmail = tokenIn(await smtp.latestTo(address))
    laterBy(minuteMs)
    await ask()
    const second = tokenIn(await smtp.latestTo(ann.email, 2))

    expect(never.statusCode).toBe(422)
    expect(await confirm(first), 'replaced').toEqual(never)
    expect(await confirm(ofEmail), 'of another purpose').toEqual(never)
    expect(await confirm(first.slice(0, -1)), 'cut').toEqual(never)
    laterBy(30 * minuteMs)
    expect(await confirm(second), 'expired').toEqual(never)
    await ask()
    const third = tokenIn(await smtp.latestTo(ann.email, 3))
    await db.updateOne(db.tables.users, { id }, { isActive: false })
    expect(await confirm(third), 'of an inactive account').toEqual(never)
    await db.updateOne(db.tables.users, { id }, { isActive: true })
    expect((await confirm(third)).statusCode).toBe(204)
    expect(await confirm(third), 'used').toEqual(never)
  })

  test('takes a link until its 30 minutes are over', async ({ as, anyone, smtp }) => {
    const ann = as('late-ann')
    await ann.user
    await anyone.post('/auth/password-reset', { email: ann.email })
    const token = tokenIn(await smtp.latestTo(ann.email))

    laterBy(30 * minuteMs - 5_000)

    const reply = await anyone.post('/auth/password-reset/confirm', { token, password: next })
    expect(reply.statusCode).toBe(204)
    vi.useRealTimers()
  })

  test('refuses a weak password, and leaves the link as it is', async ({ as, anyone, smtp }) => {
    const ann = as('weak-reset')
    await ann.user
    await anyone.post('/auth/password-reset', { email: ann.email })
    const token = tokenIn(await smtp.latestTo(ann.email))

    for (const password of ['seven77', 'Password123', ann.email]) {
      const reply = await anyone.post('/auth/password-reset/confirm', { token, password })
      expect(reply.statusCode).toBe(422)
      expect(reply.json().errors).toEqual([{ detail: expect.any(String), pointer: '/password' }])
    }

    expect((await ann.get('/users/me')).statusCode).toBe(200)
    expect((await anyone.post('/auth/password-reset/confirm', { token, password: next })).statusCode).toBe(204)
  })

  test('mails an account once a minute, however many ask at once', async ({ as, db, smtp, settle }) => {
    const ann = as('flood-ann')
    const { id } = await ann.user
    const payload = { email: ann.email }
    const ask = (times: number) =>
      settle(async (app) => {
        const post = () => app.inject({ method: 'POST', url: '/auth/password-reset', payload })
        const replies = await Promise.all(Array.from({ length: times }, post))
        expect(replies.map(({ statusCode }) => statusCode)).toEqual(Array(times).fill(202))
      })

    await ask(10)
    laterBy(minuteMs - 5_000)
    await ask(1)

    expect(smtp.to(ann.email)).toHaveLength(1)
    expect(await db.all(linksOfUser, { userId: id })).toHaveLength(1)
    laterBy(minuteMs)
    await ask(1)
    expect(smtp.to(ann.email)).toHaveLength(2)
  })

  test('keeps tokens as hashes only', async ({ as, anyone, db, smtp }) => {
    const ann = as('hash-ann')
    const { id } = await ann.user
    await anyone.post('/auth/password-reset', { email: ann.email })
    const token = tokenIn(await smtp.latestTo(ann.email))

    const [link] = await db.all(linksOfUser, { userId: id })

    expect(link?.tokenHash).toBe(hashToken(token))
    expect(JSON.stringify(link)).not.toContain(token.slice(4))
    expect(link?.expiresAt).toBe((link?.createdAt ?? 0) + 30 * minuteMs)
  })
})

describe('changing the email', () => {
  test('takes effect once the new one is confirmed, and the old one is told', async ({ as, anyone, db, smtp }) => {
    const ann = as('email-ann')
    const { id } = await ann.user
    const email = newEmail()
    await anyone.post('/auth/password-reset', { email: ann.email })
    const reset = tokenIn(await smtp.latestTo(ann.email))

    const asked = await ann.post('/users/me/email', { email: ` ${email.toUpperCase()}`, password: ann.password })
    const mail = await smtp.latestTo(email)
    const before = await ann.get('/users/me')
    const confirmed = await anyone.post('/auth/email-change/confirm', { token: tokenIn(mail) })

    expect(asked.statusCode).toBe(202)
    expect(asked.body).toBe('')
    expect(mail.text).toContain(`\nhttps://tasks.example.org/app/confirm-email#token=${tokenIn(mail)}\n`)
    expect(before.json().email).toBe(ann.email)
    expect(confirmed.statusCode).toBe(204)
    expect((await ann.get('/users/me')).json()).toEqual({ ...(await ann.user), email })
    const notice = await smtp.latestTo(ann.email, 2)
    expect(notice.subject).toBe('Your email was changed')
    expect(notice.text).not.toContain(email)
    const logIn = (email: string) => anyone.post('/auth/login', { email, password: ann.password })
    expect((await logIn(ann.email)).statusCode).toBe(401)
    expect((await logIn(email)).statusCode).toBe(200)
    const old = await anyone.post('/auth/password-reset/confirm', { token: reset, password: next })
    expect(old.json().code).toBe('INVALID_LINK')
    expect(await eventsOf(db, id)).toEqual(expect.arrayContaining(['email_change_requested', 'email_changed']))
  })

  test('needs the password, and another email', async ({ as, anyone, db, smtp }) => {
    const ann = as('email-wrong')
    const { id } = await ann.user
    const email = newEmail()

    const wrong = await ann.post('/users/me/email', { email, password: next })
    const same = await ann.post('/users/me/email', { email: ann.email.toUpperCase(), password: ann.password })
    const stranger = await anyone.post('/users/me/email', { email, password: ann.password })

    expect([wrong.statusCode, wrong.json().code]).toEqual([403, 'WRONG_PASSWORD'])
    expect(same.statusCode).toBe(422)
    expect(same.json().errors).toEqual([{ detail: 'is the email that the account has', pointer: '/email' }])
    expect(stranger.statusCode).toBe(401)
    expect(await db.all(linksOfUser, { userId: id })).toEqual([])
    expect(await eventsOf(db, id)).not.toContain('email_change_requested')
    expect(smtp.to(email)).toEqual([])
  })

  test('tells who asks nothing of other accounts; who reads the mail of a taken one cannot use it', async ({
    as,
    anyone,
    smtp,
  }) => {
    const ann = as('taken-ann')
    const bob = as('taken-bob')
    const cid = as('taken-cid')
    await bob.user

    const free = await cid.post('/users/me/email', { email: newEmail(), password: cid.password })
    const taken = await ann.post('/users/me/email', { email: bob.email, password: ann.password })
    const token = tokenIn(await smtp.latestTo(bob.email))
    const confirmed = await anyone.post('/auth/email-change/confirm', { token })

    expect([taken.statusCode, taken.body]).toEqual([free.statusCode, free.body])
    expect(confirmed.statusCode).toBe(409)
    expect(confirmed.json().code).toBe('EMAIL_TAKEN')
    expect((await ann.get('/users/me')).json().email).toBe(ann.email)
    expect((await bob.get('/users/me')).json()).toEqual(await bob.user)
    expect(smtp.to(ann.email)).toEqual([])
  })

  test('takes a link once, within 30 minutes, and the latest only', async ({ as, anyone, smtp }) => {
    const ann = as('email-once')
    const [first, second, third] = [newEmail(), newEmail(), newEmail()]
    const ask = (email: string) => ann.post('/users/me/email', { email, password: ann.password })
    const confirm = (token: string) => anyone.post('/auth/email-change/confirm', { token })
    await ask(first)
    const replaced = tokenIn(await smtp.latestTo(first))
    const soon = await ask(second)
    laterBy(minuteMs)
    await ask(second)
    const expired = tokenIn(await smtp.latestTo(second))

    expect(soon.statusCode).toBe(429)
    expect(soon.headers['retry-after']).toBe('60')
    expect((await confirm(replaced)).json().code).toBe('INVALID_LINK')
    laterBy(30 * minuteMs)
    expect((await confirm(expired)).json().code).toBe('INVALID_LINK')
    await ask(third)
    const token = tokenIn(await smtp.latestTo(third))
    const replies = await Promise.all(Array.from({ length: 10 }, () => confirm(token)))
    expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([204, ...Array(9).fill(422)])
    expect((await ann.get('/users/me')).json().email).toBe(third)
    vi.useRealTimers()
  })

  test.for([
    'a@example.org\r\nBcc: b@example.org',
    'a@example.org\nBcc:b@example.org',
    'a\r@example.org',
    'a@example.org,b@example.org',
    '<a@example.org>',
    'a@example.org>',
  ])('refuses an address that could be a header: %j', async (email, { as, anyone, db }) => {
    const ann = as('header-ann')

    const change = await ann.post('/users/me/email', { email, password: ann.password })
    const reset = await anyone.post('/auth/password-reset', { email })

    expect([change.statusCode, reset.statusCode]).toEqual([422, 422])
    expect(await db.all(linksOfUser, { userId: (await ann.user).id })).toEqual([])
  })

  test('mails addresses in any script', async ({ as, smtp }) => {
    const ann = as('script-ann')
    const email = `zoë.${randomBytes(6).toString('hex')}@example.org`

    await ann.post('/users/me/email', { email, password: ann.password })

    expect((await smtp.latestTo(email)).subject).toBe('Confirm your email')
  })
})

describe('a password that was hashed with other parameters', () => {
  const outdated = (password: string) => hash(password, { memoryCost: 8_192, timeCost: 3, parallelism: 1 })

  test('is hashed with those of today at login, and stays the password', async ({ as, anyone, db }) => {
    const ann = as('old-ann')
    const { id } = await ann.user
    await db.updateOne(db.tables.users, { id }, { passwordHash: await outdated(ann.password) })
    const logIn = (password: string) => anyone.post('/auth/login', { email: ann.email, password })
    const hashNow = async () => (await db.find(db.tables.users, { id }))?.passwordHash

    expect((await logIn(next)).statusCode).toBe(401)
    expect(await hashNow()).toMatch(/^\$argon2id\$v=19\$m=8192,t=3,p=1\$/)
    expect((await logIn(ann.password)).statusCode).toBe(200)
    const renewed = await hashNow()
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await logIn(ann.password)).statusCode).toBe(200)
    expect(await hashNow()).toBe(renewed)
    expect((await logIn(next)).statusCode).toBe(401)
  })

  test('lets all in who log in at once', async ({ as, anyone, db }) => {
    const ann = as('old-many')
    const { id } = await ann.user
    await db.updateOne(db.tables.users, { id }, { passwordHash: await outdated(ann.password) })
    const logIn = () => anyone.post('/auth/login', { email: ann.email, password: ann.password })

    const replies = await Promise.all(Array.from({ length: 4 }, logIn))

    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200])
  })

  test('overwrites none that was changed meanwhile, and opens no session for the former one', async ({
    as,
    anyone,
    db,
  }) => {
    const ann = as('old-race')
    const { id } = await ann.user
    await db.updateOne(db.tables.users, { id }, { passwordHash: await outdated(ann.password) })
    const logIn = (password: string) => anyone.post('/auth/login', { email: ann.email, password })

    // Each waits for its turn to hash: the logins are checked, then the password is changed, then they go on.
    const change = ann.put('/users/me/password', { current_password: ann.password, new_password: next })
    await sleep(5)
    await Promise.all(Array.from({ length: 3 }, () => logIn(ann.password))) // after five wrong ones the next waits

    expect((await change).statusCode).toBe(204)
    expect((await ann.get('/users/me/sessions')).json()).toHaveLength(1)
    expect((await logIn(ann.password)).statusCode).toBe(401)
    expect((await logIn(next)).statusCode).toBe(200)
  })
})

describe('an account that others change all the time', () => {
  const quickHash = (password: string) => hash(password, { memoryCost: 8, timeCost: 1, parallelism: 1 })

  test('is tried three times, then answered 503, and nothing is changed', async ({ as, anyone, db }) => {
    const ann = as('restless-ann')
    const { id } = await ann.user
    const sessions = (await ann.get('/users/me/sessions')).json()
    const logIn = () => anyone.post('/auth/login', { email: ann.email, password: ann.password })
    const change = () => ann.put('/users/me/password', { current_password: ann.password, new_password: next })

    for (const attempt of [logIn, change]) {
      const reply = await whileRestless(attempt)

      expect(reply.statusCode).toBe(503)
      expect(reply.headers['retry-after']).toBe('1')
      expect(reply.json()).toMatchObject({ code: 'OVERLOADED', detail: expect.stringContaining('being changed') })
    }
    expect((await ann.get('/users/me/sessions')).json()).toEqual(sessions)
    expect((await db.find(db.tables.users, { id }))?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
    expect((await logIn()).statusCode).toBe(200)

    /** Each hash of the same password is another one. */
    async function whileRestless<R>(work: () => Promise<R>): Promise<R> {
      let isDone = false
      const done = work().finally(() => {
        isDone = true
      })
      while (!isDone) await db.updateOne(db.tables.users, { id }, { passwordHash: await quickHash(ann.password) })
      return done
    }
  })
})
