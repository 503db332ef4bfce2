import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import { test as base } from './support/database.ts'
import { emptyFolder, type Server, startServer } from './support/process.ts'
import { exchange } from './support/sockets.ts'
import { execute } from './support/sql.ts'

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

type Line = { level: number; request_id?: string; status?: number; path?: string; msg?: string }

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

describe('the log', { timeout: 60_000 }, () => {
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
          level: 30,
          time: expect.any(Number),
          request_id: expect.stringMatching(/^[\da-f-]{36}$/),
          method: 'GET',
          path,
          status,
          ms: expect.any(Number),
          address: '127.0.0.1',
        },
      ])
    }
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
    await execute(databaseUrl, 'drop table tasks')
    await send('GET', '/tasks?limit=3', undefined, authorization)
    const { requestId, text } = await send('POST', '/tasks', { title: last, description }, authorization)

    expect(statuses).toEqual([201, 409, 200, 401, 401, 422, 404, 400, 401, 201, 422, 400, 415, 500, 500])
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
