import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { people } from './support/app.ts'
import { call, emptyFolder, startServer } from './support/process.ts'
import { mailSettings, startSilence, startSmtp, test, tokenIn } from './support/smtp.ts'

const secrets = { SECRET_KEY: 'a-key-of-more-than-thirty-two-bytes' }
const password = 'correct horse battery'
const next = 'another horse battery'

/** The log of a server process, after it was asked to mail this account, and stopped. */
async function logOfReset(databaseUrl: string, settings: Record<string, string>, email: string): Promise<string> {
  using folder = emptyFolder()
  await using server = await startServer(folder.path, {
    ...secrets,
    DATABASE_URL: databaseUrl,
    MIGRATE_ON_START: 'true',
    LOG_LEVEL: 'trace',
    ...settings,
  })
  await call(server, '/auth/register', { email, password })
  expect((await call(server, '/auth/password-reset', { email })).status).toBe(202)
  expect((await server.end('SIGTERM')).code).toBe(0)
  return server.log()
}

describe('without SMTP_URL', () => {
  test.for([
    ['/auth/password-reset', { email: 'ann@example.org' }],
    ['/auth/password-reset', { email: 'no email' }],
    ['/auth/password-reset/confirm', { token: 'tml_x', password }],
    ['/auth/email-change/confirm', { token: 'tml_x' }],
  ] as const)('POST %s %j says that mail is off', async ([path, payload], { buildTestApp }) => {
    const app = await buildTestApp()

    const reply = await app.inject({ method: 'POST', url: path, payload })

    expect(reply.statusCode).toBe(404)
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(reply.json().code).toBe('MAIL_DISABLED')
  })

  test('an email cannot be changed, and says so to who is logged in; a password can', async ({ buildTestApp }) => {
    const app = await buildTestApp()
    const ann = people(app)('ann')
    const payload = { email: 'new@example.org', password: ann.password }

    const stranger = await app.inject({ method: 'POST', url: '/users/me/email', payload })
    const email = await ann.post('/users/me/email', payload)
    const change = await ann.put('/users/me/password', { current_password: ann.password, new_password: next })

    expect(stranger.statusCode).toBe(401)
    expect([email.statusCode, email.json().code]).toEqual([404, 'MAIL_DISABLED'])
    expect(change.statusCode).toBe(204)
  })
})

describe('the settings of mail', () => {
  const url = 'smtp://ann:hunter2@mail.example.org:587'

  test.for([
    [{ SMTP_URL: url }, 'MAIL_FROM'],
    [{ SMTP_URL: url, MAIL_FROM: 'tasks@example.org' }, 'PUBLIC_URL'],
    [{ SMTP_URL: url, MAIL_FROM: 'Tasks' }, 'MAIL_FROM'],
    [{ MAIL_FROM: 'tasks@example.org\r\nBcc: b@example.org' }, 'MAIL_FROM'],
    [{ MAIL_FROM: 'Tasks\r\nBcc: b@example.org <tasks@example.org>' }, 'MAIL_FROM'],
    [{ SMTP_URL: 'mail.example.org', MAIL_FROM: 'tasks@example.org' }, 'SMTP_URL'],
    [{ SMTP_URL: 'http://ann:hunter2@mail.example.org' }, 'SMTP_URL'],
    [{ SMTP_URL: 'smtp://' }, 'SMTP_URL'],
    [{ SMTP_URL: `${url}?logger=true` }, 'SMTP_URL'],
    [{ SMTP_URL: 'smtp://ann:hunter2#x@mail.example.org' }, 'SMTP_URL'],
    [{ PUBLIC_URL: 'tasks.example.org' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'ftp://tasks.example.org' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'https://tasks.example.org/?x=' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'https://tasks.example.org/#' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'https://ann:hunter2@tasks.example.org' }, 'PUBLIC_URL'],
  ] as const)('%j: the error names %s and no password', ([settings, name]) => {
    let message = ''
    try {
      loadConfig(settings)
    } catch (error) {
      message = (error as Error).message
    }

    expect(message.split(':', 1)[0]).toBe(name)
    expect(message).not.toContain('hunter2')
  })

  test.for(['tasks@example.org', 'Tasks <tasks@example.org>', '"Tasks, Inc." <tasks@example.org>'])(
    'take the sender %s',
    (sender) => {
      const settings = { SMTP_URL: url, MAIL_FROM: sender, PUBLIC_URL: 'https://tasks.example.org/app/' }

      expect(loadConfig(settings).mailFrom).toBe(sender)
    },
  )
})

describe('sending', () => {
  test('logs in with the user and password of SMTP_URL', async ({ buildTestApp }) => {
    let given = {}
    await using smtp = await startSmtp({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        given = { username, password }
        done(null, { user: username })
      },
    })
    const app = await buildTestApp(mailSettings(smtp.port, 'ann%40example.org:p%2Fs@127.0.0.1'))
    const ann = people(app)('auth')
    await ann.user

    await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })

    expect((await smtp.latestTo(ann.email)).subject).toBe('Reset your password')
    expect(given).toEqual({ username: 'ann@example.org', password: 'p/s' })
  })

  test('gives no password to a server elsewhere that offers no TLS', async ({ buildTestApp }) => {
    const commands: string[] = []
    await using smtp = await startSmtp({
      allowInsecureAuth: true,
      onAuth(_auth, _session, done) {
        commands.push('AUTH')
        done(null, { user: 'x' })
      },
    })
    // Not one of the names that mean this machine.
    const app = await buildTestApp(mailSettings(smtp.port, 'ann:hunter2@0.0.0.0'))
    const ann = people(app)('no-tls')
    await ann.user

    await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })
    await app.close()

    expect(commands).toEqual([])
    expect(smtp.deliveries).toEqual([])
  })

  test('sends nothing to a server whose certificate is not trusted', async ({ buildTestApp }) => {
    await using smtp = await startSmtp({ disabledCommands: [] })
    const app = await buildTestApp(mailSettings(smtp.port))
    const ann = people(app)('bad-tls')
    await ann.user

    await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })
    await app.close()

    expect(smtp.deliveries).toEqual([])
  })

  test('is finished before the app is closed', async ({ buildTestApp }) => {
    await using smtp = await startSmtp({ onMailFrom: (_address, _session, done) => setTimeout(done, 500) })
    const app = await buildTestApp(mailSettings(smtp.port))
    const ann = people(app)('closing')
    await ann.user

    await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })
    await app.close()

    expect(smtp.to(ann.email)).toHaveLength(1)
  })

  test('to a server that hangs holds up no answer, and closing for five seconds only', async ({ buildTestApp }) => {
    await using silence = await startSilence()
    const app = await buildTestApp(mailSettings(silence.port))
    const ann = people(app)('hung')
    await ann.user
    const start = performance.now()

    const asked = await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })
    const changed = await ann.put('/users/me/password', { current_password: ann.password, new_password: next })
    const answeredMs = performance.now() - start
    await expect.poll(() => silence.sockets.size).toBe(2)
    await app.close()
    const closedMs = performance.now() - start

    expect([asked.statusCode, changed.statusCode]).toEqual([202, 204])
    expect(answeredMs).toBeLessThan(8_000)
    expect(closedMs, 'before mail gives up on the silent server by itself').toBeLessThan(10_000)
    await expect
      .poll(() => [...silence.sockets].every(({ readableEnded, destroyed }) => readableEnded || destroyed))
      .toBe(true)
  })

  test('that fails is not tried again, and the request that caused it is answered as any', async ({ buildTestApp }) => {
    let tries = 0
    await using smtp = await startSmtp({
      onRcptTo(_address, _session, done) {
        tries++
        done(Object.assign(new Error('try later'), { responseCode: 451 }))
      },
    })
    const app = await buildTestApp(mailSettings(smtp.port))
    const ann = people(app)('failing')
    await ann.user

    const reply = await app.inject({ method: 'POST', url: '/auth/password-reset', payload: { email: ann.email } })
    await expect.poll(() => tries).toBe(1)
    await sleep(200)
    await app.close()

    expect(reply.statusCode).toBe(202)
    expect(tries).toBe(1)
  })
})

describe('the log', () => {
  test('has no token, and who asked for it by id only', async ({ databaseUrl, smtp }) => {
    const log = await logOfReset(databaseUrl, mailSettings(smtp.port), 'log-ann@example.org')

    const token = tokenIn(await smtp.latestTo('log-ann@example.org'))
    expect(log).toContain('"audit":"password_reset_requested"')
    expect(token).toMatch(/^tml_/)
    expect(log).not.toContain(token.slice(4))
    expect(log).not.toContain('log-ann')
  })

  test('says that a mail failed, and for whom, without address, token or password', async ({ databaseUrl }) => {
    await using refusing = await startSmtp({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => done(new Error(`no ${username} with ${password}`)),
    })
    await using rejecting = await startSmtp({
      onRcptTo: ({ address }, _session, done) => done(new Error(`who is ${address}`)),
    })

    const logs = [
      await logOfReset(
        databaseUrl,
        mailSettings(refusing.port, 'canary-user:canary-pass@127.0.0.1'),
        'canary-1@example.org',
      ),
      await logOfReset(databaseUrl, mailSettings(rejecting.port), 'canary-2@example.org'),
      await logOfReset(databaseUrl, mailSettings(1, 'canary-user:canary-pass@127.0.0.1'), 'canary-3@example.org'),
    ]

    const failures = logs.map((log) => {
      const lines = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      return lines.find(({ msg }) => msg === 'a mail could not be sent')
    })
    expect(failures).toEqual([
      expect.objectContaining({ user_id: expect.any(Number), code: 'EAUTH', response_code: 535 }),
      expect.objectContaining({ user_id: expect.any(Number), code: 'EENVELOPE', response_code: 550 }),
      expect.objectContaining({ user_id: expect.any(Number), code: 'ESOCKET' }),
    ])
    for (const log of logs) expect(log).not.toMatch(/canary|tml_/)
  })
})
