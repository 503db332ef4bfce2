import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { version } from '../src/version.ts'
import { test as base } from './support/app.ts'
import { multiply } from './support/many.ts'
import { openApi } from './support/openapi.ts'
import { type Answer, exchange } from './support/sockets.ts'

const test = base
  .extend('port', { scope: 'file' }, async ({ app }) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    return (app.server.address() as AddressInfo).port
  })
  /** Who has some twenty megabytes of tasks. */
  .extend('wordy', { scope: 'file' }, async ({ as, databaseUrl }) => {
    const wordy = as('wordy')
    const task = await wordy.creates({ title: 'Long', description: 'x'.repeat(20_000) })
    await multiply(databaseUrl, 'tasks', task, 3)
    return wordy
  })

const host = 'Host: localhost\r\n'
const close = `${host}Connection: close\r\n`
const json = 'Content-Type: application/json\r\n'

/** Every refusal is a problem document, also where there is only a socket. */
function expectProblem(answer: Answer | undefined, status: number) {
  expect(answer?.status).toBe(status)
  expect(answer?.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(JSON.parse(answer!.body)).toMatchObject({
    type: expect.stringMatching(/^(\.\.?\/)*\/?problems#/),
    status,
    title: expect.any(String),
    detail: expect.any(String),
    code: expect.any(String),
  })
}

test.for<[status: number, name: string, request: string]>([
  [400, 'no HTTP', 'hello\r\n\r\n'],
  [400, 'a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  [400, 'HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [400, 'an unknown version', `GET /health/live HTTP/9.9\r\n${close}\r\n`],
  [400, 'a method of no kind', `BREW /tasks HTTP/1.1\r\n${close}\r\n`],
  [400, 'a method in lower case', `get /tasks HTTP/1.1\r\n${close}\r\n`],
  [400, 'no Host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
  [400, 'two Hosts', `GET /health/live HTTP/1.1\r\n${host}Host: elsewhere\r\nConnection: close\r\n\r\n`],
  [400, 'two Hosts that are alike', `GET /health/live HTTP/1.1\r\n${host}HOST: localhost\r\nConnection: close\r\n\r\n`],
  [400, 'a header without a colon', `GET /health/live HTTP/1.1\r\n${close}Nonsense\r\n\r\n`],
  [400, 'a space before the colon', `GET /health/live HTTP/1.1\r\n${close}X : 1\r\n\r\n`],
  [400, 'NUL in a header', `GET /health/live HTTP/1.1\r\n${close}X: a\0b\r\n\r\n`],
  [400, 'line feeds alone', 'GET /health/live HTTP/1.1\nHost: localhost\n\n'],
  [400, 'two lengths', `POST /tasks HTTP/1.1\r\n${close}${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  [
    400,
    'a length and chunks',
    `POST /tasks HTTP/1.1\r\n${close}${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [400, 'a length that is none', `POST /tasks HTTP/1.1\r\n${close}${json}Content-Length: 1e1\r\n\r\n{}`],
  [
    400,
    'an unknown transfer encoding',
    `POST /auth/login HTTP/1.1\r\n${close}${json}Transfer-Encoding: gzip\r\n\r\n{}`,
  ],
  [
    400,
    'broken chunks',
    `POST /auth/login HTTP/1.1\r\n${close}${json}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`,
  ],
  [400, 'a percent sign and no digits', `GET /tasks/%zz HTTP/1.1\r\n${close}\r\n`],
  [400, 'a percent sign at the end', `GET /tasks/1% HTTP/1.1\r\n${close}\r\n`],
  [400, 'a path of bytes that are no UTF-8', `GET /tasks/%ff%fe HTTP/1.1\r\n${close}\r\n`],
  [401, 'an asterisk with a token missing', `GET /tasks/* HTTP/1.1\r\n${close}\r\n`],
  [405, 'the asterisk form', `OPTIONS * HTTP/1.1\r\n${close}\r\n`],
  [404, 'an unknown path', `GET /nowhere HTTP/1.1\r\n${close}\r\n`],
  [404, 'two slashes', `GET //tasks HTTP/1.1\r\n${close}\r\n`],
  [404, 'a way out', `GET /docs/static/../../package.json HTTP/1.1\r\n${close}\r\n`],
  [404, 'an encoded way out', `GET /docs/static/%2e%2e%2f%2e%2e%2fpackage.json HTTP/1.1\r\n${close}\r\n`],
  [404, 'an unknown path in absolute form', `GET http://elsewhere.example/nowhere HTTP/1.1\r\n${close}\r\n`],
  [404, 'an unknown method on an unknown path', `PROPFIND /nowhere HTTP/1.1\r\n${close}\r\n`],
  [413, 'a body announced as too large', `POST /auth/login HTTP/1.1\r\n${close}${json}Content-Length: 65537\r\n\r\n`],
  [
    413,
    'a chunked body that gets too large',
    `POST /auth/login HTTP/1.1\r\n${close}${json}Transfer-Encoding: chunked\r\n\r\n10001\r\n${' '.repeat(65_537)}\r\n0\r\n\r\n`,
  ],
  [414, 'a path with a very long part', `GET /tasks/${'1'.repeat(501)} HTTP/1.1\r\n${close}\r\n`],
  [417, 'an expectation', `POST /auth/login HTTP/1.1\r\n${host}${json}Expect: nonsense\r\nContent-Length: 2\r\n\r\n{}`],
  [431, 'headers of more than 16 KiB', `GET /health/live HTTP/1.1\r\n${close}X: ${'x'.repeat(16_384)}\r\n\r\n`],
  [431, 'a URL of more than 16 KiB', `GET /health/live?${'x'.repeat(16_384)} HTTP/1.1\r\n${close}\r\n`],
])('%i is answered to %s', async ([status, , request], { port }) => {
  const answers = await exchange(port, request)

  expect(answers).toHaveLength(1)
  expectProblem(answers[0], status)
})

test.for([
  ['an older version, which needs no Host', 'GET /health/live HTTP/1.0\r\n\r\n'],
  ['a trailing slash', `GET /health/live/ HTTP/1.1\r\n${close}\r\n`],
  ['an absolute form', `GET http://elsewhere.example/health/live HTTP/1.1\r\n${close}\r\n`],
  ['percent signs that are not needed', `GET /%68ealth/live HTTP/1.1\r\n${close}\r\n`],
  ['headers of almost 16 KiB', `GET /health/live HTTP/1.1\r\n${close}X: ${'x'.repeat(16_000)}\r\n\r\n`],
] as const)('a request may have %s', async ([, request], { port }) => {
  const [answer] = await exchange(port, request)

  expect(answer).toMatchObject({ status: 200, body: `{"status":"ok","version":"${version}"}` })
})

describe('a method', () => {
  test.for<[method: string, path: string, allow: string]>([
    ['PROPFIND', '/tasks', 'DELETE, GET, HEAD, POST'],
    ['DELETE', '/projects', 'GET, HEAD, POST'],
    ['TRACE', '/tasks/1', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['OPTIONS', '/tasks/1/', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['GET', '/auth/login', 'POST'],
    ['PROPPATCH', '/users/me?x', 'DELETE, GET, HEAD, PATCH'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['DELETE', 'http://elsewhere.example/projects', 'GET, HEAD, POST'],
  ])('that is %s is told what %s allows', async ([method, path, allow], { port }) => {
    const [answer] = await exchange(port, `${method} ${path} HTTP/1.1\r\n${close}\r\n`)

    expectProblem(answer, 405)
    expect(answer?.headers.get('allow')).toBe(allow)
  })

  test('that asks for a tunnel gets none', async ({ port }) => {
    await exchange(port, `CONNECT elsewhere.example:443 HTTP/1.1\r\n${close}\r\n`)

    expect(await exchange(port, `GET /health/live HTTP/1.1\r\n${close}\r\n`)).toMatchObject([{ status: 200 }])
  })

  test('that asks for another protocol is answered in this one', async ({ port }) => {
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade, close\r\n'

    const [answer] = await exchange(port, `GET /health/live HTTP/1.1\r\n${host}${upgrade}\r\n`)

    expect(answer?.status).toBe(200)
  })
})

test('a path that is too long and a body that is too slow are documented wherever they can happen', async ({ app }) => {
  const { operations } = openApi(app)
  const statusesOf = (documented: string) =>
    operations.filter(({ responses }) => documented in responses).map(({ operationId }) => operationId)

  expect(statusesOf('414')).toEqual(operations.filter(({ path }) => path.includes('{')).map((o) => o.operationId))
  expect(statusesOf('408')).toEqual(operations.filter(({ method }) => method !== 'get').map((o) => o.operationId))
})

test('JSON may begin with a byte order mark, which is ignored (RFC 8259, section 8.1)', async ({ as }) => {
  const ann = as('marked')
  const headers = { 'content-type': 'application/json' }

  const reply = await ann.post('/tasks', '\ufeff{"title":"Buy milk"}', headers)

  expect(reply.statusCode).toBe(201)
  expect(reply.json().title).toBe('Buy milk')
})

describe('a client that stops reading', { concurrent: true }, () => {
  test.for(['/users/me/export'])('is cut within seconds: GET %s', async (path, { app, port, wordy, expect }) => {
    const socket = await asked(port, path, await wordy.token)
    await once(socket, 'readable') // the answer has begun
    const start = performance.now()

    // The client itself does not notice, since it does not read.
    const isOpen = () => [...app.connections.keys()].some(({ remotePort }) => remotePort === socket.localPort)
    expect(isOpen()).toBe(true)
    await expect.poll(isOpen).toBe(false)

    const seconds = (performance.now() - start) / 1000
    socket.destroy()
    expect(seconds).toBeGreaterThan(9)
    expect(seconds).toBeLessThan(30)
  })

  test('is not one that reads slowly', async ({ port, wordy, expect }) => {
    const socket = await asked(port, '/users/me/export', await wordy.token)
    let received = 0

    for (const end = performance.now() + 15_000; performance.now() < end; await sleep(1_000)) {
      await once(socket, 'readable')
      received += (socket.read(500_000) ?? socket.read()).length
    }

    expect(socket.closed).toBe(false)
    expect(received).toBeGreaterThan(1_000_000)
    socket.destroy()
  })
})

/** A connection on which this was asked for, and from which nothing is read yet. */
async function asked(port: number, path: string, token: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\n${close}Authorization: Bearer ${token}\r\n\r\n`)
  return socket
}

describe('a connection', () => {
  test('serves requests that are sent at once, one after the other', async ({ port }) => {
    const requests = [`GET /health/live HTTP/1.1\r\n${host}\r\n`, `GET /nowhere HTTP/1.1\r\n${host}\r\n`]
    const last = `GET /health/ready HTTP/1.1\r\n${close}\r\n`

    const answers = await exchange(port, [...requests, last].join(''))

    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200])
  })

  test('survives a request that is refused', async ({ port }) => {
    const refused = [
      `GET /tasks HTTP/1.1\r\n${host}\r\n`,
      `POST /auth/login HTTP/1.1\r\n${host}${json}Content-Length: 2\r\n\r\n{}`,
      `POST /auth/login HTTP/1.1\r\n${host}Content-Type: text/plain\r\nContent-Length: 4\r\n\r\ntext`,
      `DELETE /auth/login HTTP/1.1\r\n${host}${json}Content-Length: 2\r\n\r\n{}`,
      `GET /tasks/%zz HTTP/1.1\r\n${host}\r\n`,
    ]

    const answers = await exchange(port, [...refused, `GET /health/live HTTP/1.1\r\n${close}\r\n`].join(''))

    expect(answers.map(({ status }) => status)).toEqual([401, 422, 415, 405, 400, 200])
  })

  test('is closed in order, or goes on, after a body that was too large', async ({ port }) => {
    const large = `POST /auth/login HTTP/1.1\r\n${host}${json}Content-Length: 70000\r\n\r\n${' '.repeat(70_000)}`

    const [answer, next] = await exchange(port, [large, `GET /health/live HTTP/1.1\r\n${close}\r\n`])

    expectProblem(answer, 413)
    expect(next?.status ?? answer?.headers.get('connection')).toBe(next ? 200 : 'close')
  })

  test('is asked for the body that it announces', async ({ port }) => {
    const head = `POST /auth/login HTTP/1.1\r\n${close}${json}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`

    const [first, second] = await exchange(port, [head, '{}'], 50)

    expect(first?.status).toBe(100)
    expectProblem(second, 422)
  })

  test('that sends nothing, or too slowly, is cut', async ({ port, as }) => {
    const authorization = `Authorization: Bearer ${await as('ann').token}\r\n`
    const head = `POST /tasks HTTP/1.1\r\n${host}${authorization}${json}Content-Length: 1000\r\n\r\n`
    const timed = async (parts: Iterable<string>) => {
      const start = performance.now()
      const answers = await exchange(port, parts, 500)
      return { answers, seconds: (performance.now() - start) / 1000 }
    }

    const outcomes = await Promise.all([
      timed(drops('GET /health/live HTTP/1.1\r\n', 'X: y\r\n')),
      timed(drops(head, ' ')),
      timed([head]),
      timed(['GET /health/live HTT']),
    ])

    for (const { answers, seconds } of outcomes) {
      expect(answers).toHaveLength(1)
      expectProblem(answers[0], 408)
      expect(seconds).toBeLessThan(30)
    }
    expect((await as('ann').get('/tasks')).json()).toEqual([])
  })
})

function* drops(first: string, next: string) {
  yield first
  for (;;) yield next
}
