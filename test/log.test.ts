import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect } from 'vitest'
import { readableLine } from '../src/http/readable.ts'
import { test as base, dialect } from './support/database.ts'
import { call, emptyFolder, entry, logIn, type Server, startServer } from './support/process.ts'
import { quickly } from './support/quick-start.ts'
import { exchange } from './support/sockets.ts'
import { execute } from './support/sql.ts'

const hasTerminal = spawnSync('script', ['--version']).status === 0

const settings = { MIGRATE_ON_START: 'true', SECRET_KEY: 'canary-key-of-more-than-thirty-two-bytes' }

const test = base.extend('server', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const folder = emptyFolder()
  const server = await startServer(folder.path, { ...settings, DATABASE_URL: databaseUrl, LOG_LEVEL: 'trace' })
  onCleanup(async () => {
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  return server
})

type Line = { level: number; time: string; request_id?: string; status?: number; path?: string; msg?: string }

const linesOf = (server: Server): Line[] =>
  server
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The lines of a request, once they are written. */
async function linesAbout(server: Server, requestId: string | null): Promise<Line[]> {
  const about = () => linesOf(server).filter(({ request_id }) => request_id === requestId)
  await expect.poll(() => about().some(({ status }) => status !== undefined)).toBe(true)
  return about()
}

describe('the log', () => {
  test('has one line for each request, with the id of its answer', async ({ server }) => {
    for (const [path, status] of [
      ['/health/live', 200],
      ['/tasks', 401],
      ['/tasks/', 401],
      ['/nowhere', 404],
    ] as const) {
      const { headers } = await fetch(server.url + path)

      expect(await linesAbout(server, headers.get('x-request-id'))).toEqual([
        {
          level: path.startsWith('/health/') ? 20 : 30,
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          request_id: expect.stringMatching(/^[\da-f-]{36}$/),
          method: 'GET',
          path,
          status,
          ms: expect.any(Number),
          address: '127.0.0.1',
          msg: `GET ${path} ${status}`,
        },
      ])
    }
  })

  test('has a message and a time on each line', async ({ server }) => {
    await logIn(server)

    await expect.poll(() => server.log()).toContain('"msg":"registered"')
    for (const { time, msg } of linesOf(server)) {
      expect(msg).toEqual(expect.stringMatching(/\S/))
      expect(new Date(time).toJSON()).toBe(time)
    }
  })

  test('has no line for a health check, unless at debug', async ({ databaseUrl }) => {
    using folder = emptyFolder()
    await using quiet = await startServer(folder.path, { ...settings, DATABASE_URL: databaseUrl })

    await fetch(`${quiet.url}/health/live`)
    await fetch(`${quiet.url}/health/ready`)
    await fetch(`${quiet.url}/nowhere`)

    await expect.poll(() => quiet.log()).toContain('"path":"/nowhere"')
    expect(quiet.log()).not.toContain('/health')
  })

  test('takes no id from the client', async ({ server }) => {
    const { headers } = await fetch(`${server.url}/health/live`, {
      headers: { 'x-request-id': 'forged', 'request-id': 'forged' },
    })

    expect(headers.get('x-request-id')).not.toBe('forged')
    expect(server.log()).not.toContain('forged')
  })

  test('has one line also for a request that has no route', async ({ server }) => {
    const { headers } = await fetch(`${server.url}/tasks/%zz`)

    const lines = await linesAbout(server, headers.get('x-request-id'))
    expect(lines).toMatchObject([{ level: 30, path: '/tasks/%zz', status: 400 }])
  })

  test('keeps a line a line, whatever a path holds', async ({ server }) => {
    const port = Number(new URL(server.url).port)
    const path = '/a%0A{"level":60,"msg":"forged"}\x1b[31m\x85'

    await exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)

    await fetch(`${server.url}/health/live`)
    await expect.poll(() => linesOf(server).at(-1)?.path).toBe('/health/live')
    expect(linesOf(server).filter(({ level }) => level === 60)).toEqual([])
    expect(server.log()).not.toContain('\x1b')
  })

  test('holds nothing that was sent in confidence, whether it went well or not', async ({ server, databaseUrl }) => {
    const canaries = Array.from({ length: 12 }, () => `canary${randomBytes(8).toString('hex')}`) as string[]
    const [email, password, wrong, title, description, query, body, cookie, basic, form, field, last] = canaries
    const statuses: number[] = []
    const send = async (method: string, path: string, sent?: string | object, headers: Record<string, string> = {}) => {
      const response = await fetch(server.url + path, {
        method,
        headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(sent !== undefined && { body: typeof sent === 'string' ? sent : JSON.stringify(sent) }),
      })
      statuses.push(response.status)
      return { requestId: response.headers.get('x-request-id'), text: await response.text() }
    }
    const credentials = { email: `${email}@example.org`, password }

    await send('POST', '/auth/register', credentials)
    await send('POST', '/auth/register', credentials)
    const token: string = JSON.parse((await send('POST', '/auth/login', credentials)).text).access_token
    const authorization = { authorization: `Bearer ${token}` }
    await send('POST', '/auth/login', { ...credentials, password: wrong })
    await send('POST', '/auth/login', `username=${form}%40example.org&password=${form}&client_secret=${form}`, {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${basic}`,
    })
    await send('GET', `/tasks?access_token=${query}`, undefined, { ...authorization, cookie: `session=${cookie}` })
    await send('GET', `/nowhere?q=${query}`)
    await send('GET', `/tasks/%zz?q=${query}`)
    await send('GET', '/users/me', undefined, { authorization: `Bearer ${basic}` })
    await send('POST', '/tasks', { title, description }, authorization)
    await send('POST', '/tasks', { title, [field as string]: field }, authorization)
    await send('POST', '/tasks', `{"title":"${body}`, authorization)
    await send('POST', '/tasks', `{"title":"${body}"}`, { ...authorization, 'content-type': `text/${body}` })
    const referring = ['task_labels', 'completions', 'comments', 'reminders', 'calendar_objects']
    for (const table of [...referring, 'tasks']) await execute(databaseUrl, `drop table ${table}`)
    await send('GET', '/tasks?limit=3', undefined, authorization)
    const { requestId, text } = await send('POST', '/tasks', { title: last, description }, authorization)

    expect(statuses).toEqual([201, 409, 200, 401, 400, 422, 404, 400, 401, 201, 422, 400, 415, 500, 500])
    const [fault] = await linesAbout(server, requestId)
    expect(fault).toMatchObject({ level: 50, err: { type: 'QueryFailed', stack: expect.any(String) } })
    for (const secret of [...canaries, token, ...token.split('.').slice(1), 'canary-key']) {
      expect(server.log()).not.toContain(secret)
      expect(text).not.toContain(secret)
    }
    expect(server.log()).not.toMatch(/insert into|\$argon2/i)
    expect(JSON.parse(text)).toEqual({
      type: '/problems#internal-error',
      title: 'Internal server error',
      status: 500,
      detail: 'Internal server error',
      code: 'INTERNAL_ERROR',
    })
  })
})

describe.skipIf(!hasTerminal || dialect !== 'sqlite')('on a terminal', () => {
  test('no control character of a line reaches it', () => {
    const time = '2026-01-31T09:00:00.000Z'

    const line = readableLine(
      JSON.stringify({ level: 50, time, msg: 'a\x1b[31m\u0085', err: { stack: 'Error\n  at b\r' } }),
    )

    expect(line).toMatch(/^\d\d:\d\d:\d\d error: a\\x1b\[31m\\x85\nError\n {2}at b\\x0d\n$/)
  })

  test('each request is one readable line, and the address to open is shown', async () => {
    using folder = emptyFolder()
    await using terminal = startOnTerminal(folder.path)
    await expect.poll(() => terminal.shown()).toMatch(/API documentation at http:\/\/127\.0\.0\.1:\d+\/docs\r\n/)
    const url = /at (http:\S+)\/docs/.exec(terminal.shown())![1]!

    const token = await logIn({ url })
    await call({ url }, '/tasks?limit=3', undefined, token)
    await fetch(`${url}/health/live`)
    await fetch(`${url}/nowhere`)

    await expect.poll(() => terminal.shown()).toContain('/nowhere 404')
    const lines = terminal.shown().trim().split('\r\n')
    expect(lines.filter((line) => line.includes('/tasks'))).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d GET \/tasks 200 in [\d.]+ ms, user 1, from 127\.0\.0\.1$/),
    ])
    expect(lines).toContainEqual(expect.stringMatching(/^\d\d:\d\d:\d\d created a secret key; .* file=\S+$/))
    expect(terminal.shown()).not.toMatch(/\{|health|earlier/)
  })
})

/** The server on a terminal of its own, which util-linux's script makes. */
function startOnTerminal(folder: string) {
  const command = [process.execPath, ...quickly.options, entry].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', `exec ${command}`, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env.PATH, SHELL: '/bin/sh', ...quickly.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  return {
    shown: () => shown,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'close')
    },
  }
}
