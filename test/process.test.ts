import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { getTableName } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { kit } from '../src/database/kits/sqlite.ts'
import { defineTables } from '../src/tables/tables.ts'
import { createDatabase, dialect, test } from './support/database.ts'
import { account, call, emptyFolder, failToStart, logIn, type Server, startServer } from './support/process.ts'
import { execute } from './support/sql.ts'

const secretKey = 'a secret key of more than thirty-two bytes'

// A process takes a second to start, and some must be waited for.
const inParallel = { concurrent: true }

describe.runIf(dialect === 'sqlite')('a first start with nothing set', inParallel, () => {
  test('serves, keeps its data and its secret in the folder, and says where the docs are', async () => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path, {}, [])

    const health = await call(server, '/health/ready')
    const docs = await fetch(/API documentation at ([^"]+)/.exec(server.log())?.[1] ?? '')

    expect([health.status, docs.status]).toEqual([200, 200])
    expect(readdirSync(folder.path)).toEqual(expect.arrayContaining(['task.db', 'task.db.secret']))
    expect(statSync(join(folder.path, 'task.db.secret')).mode & 0o777).toBe(0o600)
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  })

  test('is followed by starts with the same secret', async () => {
    using folder = emptyFolder()
    const first = await startServer(folder.path)
    const token = await logIn(first)
    await first.end('SIGTERM')

    await using second = await startServer(folder.path)

    expect((await call(second, '/users/me', undefined, token)).json.email).toBe(account.email)
  })

  test('agrees with another at the same time on one secret', async () => {
    using folder = emptyFolder()
    const [first, second] = await Promise.all([startServer(folder.path), startServer(folder.path)])
    await using _first = first
    await using _second = second

    const token = await logIn(first)

    expect((await call(second, '/users/me', undefined, token)).status).toBe(200)
    expect(readdirSync(folder.path).filter((name) => name.includes('secret'))).toEqual(['task.db.secret'])
  })
})

describe.runIf(dialect === 'sqlite')('the .env of the FastAPI project', inParallel, () => {
  const env = `SECRET_KEY=mysupersecretkey123
ALGORITHM=HS256
ACCESS_TOKEN_EXPIRE_MINUTES=60
DATABASE_URL=sqlite:///./task.db
`

  test('starts it, with a warning about the key', async () => {
    using folder = emptyFolder()
    writeFileSync(join(folder.path, '.env'), env)

    await using server = await startServer(folder.path)

    expect((await call(server, '/users/me', undefined, await logIn(server))).status).toBe(200)
    expect(server.log()).toMatch(/"level":40,.*SECRET_KEY is shorter than 32 bytes/)
    expect(server.log()).not.toContain('mysupersecretkey123')
    expect(existsSync(join(folder.path, 'task.db.secret'))).toBe(false)
  })

  test('does not in production', async () => {
    using folder = emptyFolder()
    writeFileSync(join(folder.path, '.env'), env)

    const { code, stderr } = await failToStart(folder.path, { NODE_ENV: 'production' })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^SECRET_KEY: must have at least 32 bytes in production.*\n$/)
    expect(readdirSync(folder.path)).toEqual(['.env'])
  })

  test('gives way to the environment', async () => {
    using folder = emptyFolder()
    writeFileSync(join(folder.path, '.env'), env)

    await using server = await startServer(folder.path, { SECRET_KEY: secretKey })

    expect(server.log()).not.toContain('SECRET_KEY')
  })
})

describe.runIf(dialect === 'sqlite')('a setting that cannot be used', inParallel, () => {
  test.for([
    ['PORT', 'eighty'],
    ['HOST', '256.0.0.1'],
    ['DATABASE_URL', 'oracle://localhost/task'],
    ['DATABASE_URL', 'sqlite:///./no/such/folder/task.db'],
    ['DATABASE_URL', 'sqlite:///.'],
    ['ALGORITHM', 'none'],
  ] as const)('stops the start with a line that names it: %s=%s', async ([name, value]) => {
    using folder = emptyFolder()

    const { code, stderr } = await failToStart(folder.path, { [name]: value })

    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${name}\\b.*\\n$`))
  })

  test('may be a port that is taken', async () => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path)

    const { code, stderr } = await failToStart(folder.path, { PORT: new URL(server.url).port })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^PORT\b.*\n$/)
  })

  test('may be a secret that is empty', async () => {
    using folder = emptyFolder()
    writeFileSync(join(folder.path, 'task.db.secret'), '\n')

    const { code, stderr } = await failToStart(folder.path, {})

    expect(code).toBe(1)
    expect(stderr).toMatch(/^[^\n]*task\.db\.secret[^\n]*\n$/)
  })
})

describe.skipIf(dialect === 'sqlite')('with a database server', inParallel, () => {
  test('a start without a secret key is refused', async ({ databaseUrl }) => {
    using folder = emptyFolder()

    const { code, stderr } = await failToStart(folder.path, { DATABASE_URL: databaseUrl })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^SECRET_KEY: required.*\n$/)
  })

  test('a start on a schema that is missing says so, and migrates if it may', async () => {
    using folder = emptyFolder()
    await using database = await createDatabase()
    const settings = { DATABASE_URL: database.url, SECRET_KEY: secretKey }

    const { code, stderr } = await failToStart(folder.path, settings)
    await using server = await startServer(folder.path, { ...settings, MIGRATE_ON_START: 'true' })

    expect(code).toBe(1)
    expect(stderr).toMatch(/^.*migrations are pending: .*npm run db:migrate.*\n$/)
    expect((await call(server, '/health/ready')).status).toBe(200)
    await server.end('SIGTERM')
    await using again = await startServer(folder.path, settings)
    expect((await call(again, '/health/ready')).status).toBe(200)
  })

  test('a start without the database says so', async ({ databaseUrl }) => {
    using folder = emptyFolder()
    const settings = { DATABASE_URL: `${databaseUrl}_missing`, SECRET_KEY: secretKey }

    const { code, stderr } = await failToStart(folder.path, settings)

    expect(code).toBe(1)
    expect(stderr).toMatch(/^DATABASE_URL\b.*\n$/)
  })

  test('a start without the server says so', async () => {
    using folder = emptyFolder()
    const settings = { DATABASE_URL: `${dialect}://nobody:canary@127.0.0.1:1/none`, SECRET_KEY: secretKey }

    const { code, stderr } = await failToStart(folder.path, settings)

    expect(code).toBe(1)
    expect(stderr).toMatch(/^[^\n]*database[^\n]*\n$/i)
    expect(stderr).not.toContain('canary')
  })

  test('connections that it ends are replaced', async ({ databaseUrl, expect }) => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path, settingsOn(databaseUrl))
    const token = await logIn(server)
    const statusesOf = (count: number) =>
      Promise.all(Array.from({ length: count }, async () => (await call(server, '/tasks', undefined, token)).status))
    expect(new Set(await statusesOf(20))).toEqual(new Set([200]))

    await endConnections(databaseUrl)

    await expect.poll(async () => (await call(server, '/tasks', undefined, token)).status).toBe(200)
    expect(new Set(await statusesOf(20))).toEqual(new Set([200]))
    await expect.poll(() => server.log()).toContain('lost a connection to the database')
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

describe('readiness', inParallel, () => {
  test('is lost while the schema is a migration behind, and comes back unaided', async () => {
    using folder = emptyFolder()
    await using database = await createDatabase()
    await using server = await startServer(folder.path, settingsOn(database.url))
    const journal = dialect === 'postgresql' ? 'drizzle.__drizzle_migrations' : '__drizzle_migrations'
    expect((await call(server, '/health/ready')).status).toBe(200)

    // A table stands after those that it refers to.
    const drops = Object.values(defineTables(kit))
      .reverse()
      .map((table) => `drop table ${getTableName(table)}`)
    await execute(database.url, ...drops, `delete from ${journal}`)
    const behind = await call(server, '/health/ready')
    const live = await call(server, '/health/live')
    await using migrating = await startServer(folder.path, settingsOn(database.url))

    expect(behind.status).toBe(503)
    expect(behind.headers.get('content-type')).toMatch('application/problem+json')
    expect(behind.json.code).toBe('DATABASE_UNAVAILABLE')
    expect(live.status).toBe(200)
    expect(migrating.log()).toContain('migrated the database')
    expect((await call(server, '/health/ready')).status).toBe(200)
    expect(await logIn(server)).toEqual(expect.any(String))
  })
})

describe('a SIGTERM', inParallel, () => {
  test('lets what was begun be answered', async ({ databaseUrl }) => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path, settingsOn(databaseUrl))
    await logIn(server)

    // They connect first, so that all are received before the first is answered.
    await Promise.all(Array.from({ length: 4 }, () => call(server, '/health/live')))

    const logins = Array.from({ length: 4 }, () => call(server, '/auth/login', account))
    await Promise.race(logins)
    const exit = server.end('SIGTERM')

    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual(Array(4).fill(200))
    const start = performance.now()
    expect(await exit).toEqual({ code: 0, signal: null, stderr: '' })
    expect(server.log().match(/"path":"\/auth\/login","status":200/g)).toHaveLength(5)
    expect((performance.now() - start) / 1000, 'clients that keep their connections hold nothing up').toBeLessThan(8)
  })
})

describe.runIf(dialect === 'sqlite')('a SIGTERM while clients are slow', inParallel, () => {
  test('cuts no answer that is on its way', async ({ databaseUrl, expect }) => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path, settingsOn(databaseUrl))
    const token = await logIn(server)
    const description = 'x'.repeat(20_000)
    const create = (title: string) => call(server, '/tasks', { title, description }, token)
    for (let i = 0; i < 500; i += 20) await Promise.all(Array.from({ length: 20 }, () => create(`Large ${i}`)))
    const head = `GET /tasks?limit=500 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`
    const reader = await opened(server, head)
    let received = 0
    const beginning: string = await new Promise((resolve) => reader.once('data', (chunk) => resolve(String(chunk))))
    reader.pause().on('data', (chunk) => (received += chunk.length))

    const exit = server.end('SIGTERM')
    await expect.poll(() => server.log()).toContain('finishing the requests that were begun')
    reader.resume()
    await once(reader, 'close')

    const [headers = ''] = beginning.split('\r\n\r\n', 1)
    expect(headers).toContain('200 OK')
    const length = headers.length + 4 + Number(/content-length: (\d+)/i.exec(headers)?.[1])
    expect(beginning.length + received).toBe(length)
    expect(await exit).toEqual({ code: 0, signal: null, stderr: '' })
  })

  test('ends the process within its time, whatever clients leave open', async ({ databaseUrl }) => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path, settingsOn(databaseUrl))
    const token = await logIn(server)
    const head = `POST /tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`
    const half = await opened(server, `${head}Content-Length: 100\r\n\r\n{"title":"Half`)
    const idle = await opened(server, '')
    const headless = await opened(server, 'GET /tasks HTTP/1.1\r\n')

    const start = performance.now()
    const exit = await server.end('SIGTERM')

    expect(exit).toEqual({ code: 0, signal: null, stderr: '' })
    expect((performance.now() - start) / 1000).toBeLessThan(30)
    for (const socket of [half, idle, headless]) socket.destroy()
  })
})

const settingsOn = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  MIGRATE_ON_START: 'true',
  SECRET_KEY: secretKey,
  LOGIN_RATE_LIMIT_MAX: '1000',
})

async function endConnections(databaseUrl: string): Promise<void> {
  if (dialect === 'postgresql') {
    const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'
    await execute(databaseUrl, `select pg_terminate_backend(pid) ${others}`)
    return
  }
  const others = 'from information_schema.processlist where db = database() and id <> connection_id()'
  const ids = await execute(databaseUrl, `select id as id ${others}`)
  await execute(databaseUrl, ...ids.map(({ id }) => `kill ${id}`))
}

/** A connection on which this was sent. */
async function opened({ url }: Server, text: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {}) // it is cut in the end
  await once(socket, 'connect')
  socket.write(text)
  return socket
}
