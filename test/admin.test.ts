import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { hashToken } from '../src/values/opaque.ts'
import { test as base } from './support/app.ts'
import { createDatabase, dialect } from './support/database.ts'
import { quickly } from './support/quick-start.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const password = 'correct horse battery'

/** `admin` runs the command line as a host does: a process of its own, beside the server that the tests talk to. */
const test = base.extend('admin', { scope: 'file' }, ({ app, databaseUrl }) => {
  expect(app).toBeDefined() // which has migrated the database
  return (args: string[], input = '') => admin(databaseUrl, args, input)
})

describe('create-user', () => {
  test('makes an account where registration is closed, without a secret key', async ({ admin, buildTestApp }) => {
    const app = await buildTestApp({ REGISTRATION: 'closed' })
    const credentials = { email: 'closed@example.org', password }
    const register = () => app.inject({ method: 'POST', url: '/auth/register', payload: credentials })
    const logIn = () => app.inject({ method: 'POST', url: '/auth/login', payload: credentials })

    const refused = await register()
    const early = await logIn()
    const created = await admin(['create-user', ' Closed@Example.org', '--password-stdin'], `${password}\n`)
    const login = await logIn()

    expect([refused.statusCode, refused.json().code]).toEqual([403, 'REGISTRATION_CLOSED'])
    expect(early.statusCode).toBe(401)
    expect(created).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^created closed@example\.org, id \d+\n$/),
      stderr: '',
    })
    expect(login.statusCode).toBe(200)
    expect((await register()).json().code, 'closed tells nothing of who has an account').toBe('REGISTRATION_CLOSED')
  })

  test('refuses what the API would refuse, in a line that shows no password', async ({ admin, as, anyone }) => {
    const taken = as('taken')
    await taken.user

    const attempts = await Promise.all([
      admin(['create-user', taken.email, '--password-stdin'], password),
      admin(['create-user', 'weak@example.org', '--password-stdin'], 'Password123'),
      admin(['create-user', 'weak@example.org', '--password-stdin'], 'x'.repeat(257)),
      admin(['create-user', 'weak@example.org', '--password-stdin'], 'nul \0 password'),
      admin(['create-user', 'weak@example.org', '--password-stdin'], ''),
      admin(['create-user', 'weak@example.org']),
    ])

    expect(attempts.map(({ stderr }) => stderr)).toEqual([
      'admin: User already exists\n',
      'admin: password is among the passwords that are guessed first\n',
      'admin: password must have at most 256 characters\n',
      'admin: password must not contain U+0000\n',
      'admin: password must have at least 8 characters once normalized\n',
      'admin: there is no terminal to ask for the password: use --password-stdin\n',
    ])
    for (const { code, stdout } of attempts) expect([code, stdout]).toEqual([1, ''])
    const login = await anyone.post('/auth/login', { email: 'weak@example.org', password: 'Password123' })
    expect(login.statusCode).toBe(401)
  })

  const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script')
  test.skipIf(!hasScript)(
    'asks for the password twice at a terminal, and does not show it',
    async ({ databaseUrl, app, anyone }) => {
      await app.ready()
      const create = (email: string, again: string) =>
        atTerminal(databaseUrl, ['create-user', email], ['Password: ', password, 'Again: ', again])

      const created = await create('asked@example.org', password)
      const different = await create('different@example.org', `${password}!`)

      expect(created).toMatch(/^Password: \r\nAgain: \r\ncreated asked@example\.org, id \d+\r\n$/)
      expect(different).toBe('Password: \r\nAgain: \r\nadmin: the two passwords differ\r\n')
      const logIn = (email: string) => anyone.post('/auth/login', { email, password })
      expect((await logIn('asked@example.org')).statusCode).toBe(200)
      expect((await logIn('different@example.org')).statusCode).toBe(401)
    },
  )
})

test('deactivate shuts an account out with its next request, until activate', async ({ admin, as, anyone, db }) => {
  const ann = as('ann')
  const { id } = await ann.user
  const task = await ann.creates({ title: 'Kept' })
  const script = await addToken(db, id)
  const credentials = { email: ann.email, password: ann.password }
  const { refresh_token } = (await anyone.post('/auth/login', credentials)).json()
  const statuses = async () => [
    (await ann.get('/tasks')).statusCode,
    (await anyone.get('/tasks', undefined, script)).statusCode,
    (await anyone.post('/auth/refresh', { refresh_token })).statusCode,
    (await anyone.post('/auth/login', credentials)).statusCode,
  ]
  const tokenStatus = (await anyone.get('/tasks', undefined, script)).statusCode

  const deactivated = await admin(['deactivate', ann.email])
  const during = await statuses()
  const again = await admin(['deactivate', ann.email])
  const activated = await admin(['activate', ann.email])
  const after = await statuses()

  expect(deactivated).toEqual({ code: 0, stdout: `deactivated ${ann.email}\n`, stderr: '' })
  expect(tokenStatus).not.toBe(401)
  expect(during).toEqual([401, 401, 401, 401])
  expect(again).toEqual({ code: 0, stdout: `${ann.email} is inactive already\n`, stderr: '' })
  expect(activated.stdout).toBe(`activated ${ann.email}\n`)
  expect(after).toEqual([401, tokenStatus, 401, 200])
  const { access_token } = (await anyone.post('/auth/login', credentials)).json()
  const authorization = { authorization: `Bearer ${access_token}` }
  expect((await anyone.get(`/tasks/${task.id}`, undefined, authorization)).json()).toEqual(task)
  const events = (await anyone.get('/users/me/activity', undefined, authorization)).json()
  const byHost = events.filter(({ address }: { address: string }) => address === 'command line')
  expect(byHost.map(({ event }: { event: string }) => event)).toEqual(['account_activated', 'account_deactivated'])
})

test('reset-password ends all that the former password had opened', async ({ admin, as, anyone, db }) => {
  const bob = as('bob')
  const { id } = await bob.user
  const script = await addToken(db, id)
  const logIn = (password: string) => anyone.post('/auth/login', { email: bob.email, password })

  const weak = await admin(['reset-password', bob.email, '--password-stdin'], 'Password123')
  const before = (await bob.get('/users/me')).statusCode
  const reset = await admin(
    ['reset-password', bob.email.toUpperCase(), '--password-stdin'],
    'another horse battery\r\n',
  )

  expect([weak.code, before]).toEqual([1, 200])
  expect(reset).toEqual({
    code: 0,
    stdout: `changed the password of ${bob.email}; its sessions and personal access tokens have ended\n`,
    stderr: '',
  })
  expect((await bob.get('/users/me')).statusCode).toBe(401)
  expect((await anyone.get('/tasks', undefined, script)).statusCode).toBe(401)
  expect((await logIn(bob.password)).statusCode).toBe(401)
  expect((await logIn('another horse battery')).statusCode).toBe(200)
})

test('revoke-sessions logs one account out everywhere, and leaves its tokens and others alone', async ({
  admin,
  as,
  db,
}) => {
  const cat = as('cat')
  const dan = as('dan')
  await dan.user
  const { id } = await cat.user
  await addToken(db, id)

  const { code, stdout } = await admin(['revoke-sessions', cat.email])

  expect([code, stdout]).toEqual([0, `ended the sessions of ${cat.email}\n`])
  expect((await cat.get('/users/me')).statusCode).toBe(401)
  expect((await dan.get('/users/me')).statusCode).toBe(200)
  expect(await db.find(db.tables.personalAccessTokens, { userId: id })).toBeDefined()
})

test('list-users has every account on a line, however many', async ({ admin, as, db }) => {
  const eve = as('eve')
  const { id, created_at } = await eve.user
  const idle = await db.transaction(async (tx) => {
    const added: number[] = []
    for (let i = 0; i < 1_100; i++) {
      const email = `${i}-${randomBytes(6).toString('hex')}@example.org`
      added.push((await tx.insert(tx.tables.users, { email, passwordHash: 'none', createdAt: 0, isActive: false })).id)
    }
    return added
  })

  const { code, stdout, stderr } = await admin(['list-users'])

  expect([code, stderr]).toEqual([0, ''])
  const [header, ...users] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
  expect(header).toEqual(['id', 'email', 'active', 'created', 'last login'])
  const ids = users.map(([id]) => Number(id))
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  expect(ids).toEqual(expect.arrayContaining(idle))
  expect(new Set(ids).size).toBe(ids.length)
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(users.find(([of]) => of === `${id}`)).toEqual([`${id}`, eve.email, 'yes', created_at, time])
  expect(users.at(-1)).toEqual([`${idle.at(-1)}`, expect.any(String), 'no', '1970-01-01T00:00:00.000Z', '-'])
  expect(stdout).not.toContain('argon2')
})

test('a command works beside a server that is writing', async ({ admin, as }) => {
  const fay = as('fay')
  let isOver = false
  const writing = (async () => {
    const statuses = new Set<number>()
    while (!isOver) statuses.add((await fay.post('/tasks', { title: 'Meanwhile' })).statusCode)
    return [...statuses]
  })()

  const created = await admin(['create-user', 'beside@example.org', '--password-stdin'], password)
  isOver = true

  expect(created.stderr).toBe('')
  expect(await writing).toEqual([201])
})

describe('the command line', () => {
  test.for([
    [[], 2],
    [['--help'], 0],
    [['deactivate', '--help'], 0],
    [['destroy'], 2],
    [['deactivate'], 2],
    [['deactivate', 'no email'], 2],
    [['create-user', 'ann@example.org', 'password-as-argument'], 2],
    [['create-user', 'ann@example.org', '--password', 'x'], 2],
    [['list-users', '--all'], 2],
    [['deactivate', 'nobody@example.org'], 1],
  ] as const)('%j exits with %i', async ([args, expected], { admin }) => {
    const { code, stdout, stderr } = await admin([...args])

    expect(code).toBe(expected)
    if (expected === 0) expect([stdout.startsWith('Usage: npm run admin -- '), stderr]).toEqual([true, ''])
    else expect(stdout).toBe('')
    if (args.length > 0 && expected > 0) expect(stderr).toMatch(/^(error|admin): [^\n]+\n$/)
  })

  test('refuses a schema that is behind, and says what to do', async () => {
    await using database = await createDatabase()

    const { code, stderr } = await admin(database.url, ['list-users'])

    expect(code).toBe(1)
    expect(stderr).toMatch(/^admin: [^\n]+npm run db:migrate\n$/)
    if (dialect === 'sqlite') expect(existsSync(database.url.replace('sqlite:///', ''))).toBe(false)
  })

  test.for([
    'postgresql://ann:hidden@127.0.0.1:1/tasks',
    'mysql://ann:hidden@127.0.0.1:1/tasks',
    'oracle://ann:hidden@127.0.0.1/tasks',
  ])('says in a line that %s cannot be used, without its password', async (url) => {
    const { code, stderr } = await admin(url, ['list-users'])

    expect(code).toBe(1)
    expect(stderr).toMatch(/^admin: [^\n]+\n$/)
    expect(stderr).not.toContain('hidden')
  })

  test('is there as an npm script', async ({ databaseUrl }) => {
    const { code, stdout } = await run('npm', ['run', '--silent', 'admin', '--', '--help'], databaseUrl, '', root)

    expect([code, stdout]).toEqual([0, expect.stringMatching(/create-user .*reset-password/s)])
  })
})

const admin = (databaseUrl: string, args: string[], input = '') =>
  run(process.execPath, [...quickly.options, `${root}/src/admin.ts`, ...args], databaseUrl, input, tmpdir())

async function run(file: string, args: string[], databaseUrl: string, input: string, cwd: string) {
  const child = spawn(file, args, { cwd, env: environment(databaseUrl) })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (output[name] += text))
  child.stdin.on('error', () => {}).end(input) // which a command that asks for nothing does not read
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  return { code: await promise, ...output }
}

/** Plays a dialogue, of what is shown and then typed, at a terminal; returns all that was shown. */
async function atTerminal(databaseUrl: string, args: string[], dialogue: string[]): Promise<string> {
  const command = [process.execPath, ...quickly.options, `${root}/src/admin.ts`, ...args].join(' ')
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], { env: environment(databaseUrl) })
  let shown = ''
  const { promise, resolve } = Promise.withResolvers<string>()
  const turns = [...dialogue]
  child.stdout.on('data', (text) => {
    shown += text
    if (turns.length === 0 || !shown.endsWith(turns[0]!)) return
    child.stdin.write(`${turns[1]}\r`)
    turns.splice(0, 2)
  })
  child.once('close', () => resolve(shown))
  return promise
}

const environment = (databaseUrl: string) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...quickly.env,
  DATABASE_URL: databaseUrl,
})

async function addToken({ insert, tables }: Database, userId: number) {
  const token = `tma_${randomBytes(32).toString('base64url')}`
  await insert(tables.personalAccessTokens, {
    ...{ userId, name: 'Script', tokenHash: hashToken(token), lastFour: token.slice(-4), scopes: 'tasks:read' },
    ...{ createdAt: Date.now(), expiresAt: Date.now() + 60_000 },
  })
  return { authorization: `Bearer ${token}` }
}
