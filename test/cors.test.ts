import type { AddressInfo } from 'node:net'
import { describe, expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { test as base } from './support/app.ts'
import { exchange } from './support/sockets.ts'

const origin = 'https://tasks.example.org'

const test = base.extend('site', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp({
    CORS_ORIGINS: `${origin}, capacitor://localhost`,
    LOGIN_RATE_LIMIT_MAX: '1',
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
})

test.for([
  ['https://x.example:443', 'https://x.example'],
  ['http://x.example:80', 'http://x.example'],
  ['http://x.example:8080', 'http://x.example:8080'],
  ['HTTPS://X.Example', 'https://x.example'],
  ['https://x.example/', 'https://x.example'],
  ['https://münchen.example', 'https://xn--mnchen-3ya.example'],
  ['http://[::1]:5173', 'http://[::1]:5173'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['tauri://localhost', 'tauri://localhost'],
  ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
  ['moz-extension://1C3D5E7F-0000-4000-8000-000000000000', 'moz-extension://1c3d5e7f-0000-4000-8000-000000000000'],
] as const)('the origin %s is the one that browsers send as %s', ([listed, sent]) => {
  expect(loadConfig({ CORS_ORIGINS: listed }).corsOrigins).toEqual([sent])
})

describe('a page of a listed origin can read', () => {
  const long = '1'.repeat(501)
  test.for<[status: number, name: string, request: string]>([
    [200, 'an answer', 'GET /health/live HTTP/1.1\r\nHost: x\r\n'],
    [401, 'a refusal', 'GET /tasks HTTP/1.1\r\nHost: x\r\n'],
    [404, 'that a path is unknown', 'GET /nowhere HTTP/1.1\r\nHost: x\r\n'],
    [404, 'that a path is unknown to OPTIONS', 'OPTIONS /nowhere HTTP/1.1\r\nHost: x\r\n'],
    [405, 'that a method is not allowed', 'DELETE /projects HTTP/1.1\r\nHost: x\r\n'],
    [405, 'that OPTIONS is not allowed', 'OPTIONS /tasks HTTP/1.1\r\nHost: x\r\n'],
    [400, 'that a path cannot be decoded', 'GET /tasks/%zz HTTP/1.1\r\nHost: x\r\n'],
    [414, 'that a path is too long', `GET /tasks/${long} HTTP/1.1\r\nHost: x\r\n`],
    [400, 'that Host is missing', 'GET /tasks HTTP/1.1\r\n'],
    [
      422,
      'that a body is missing',
      'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 0\r\n',
    ],
    [400, 'that a request is no HTTP', 'GET /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n'],
    [
      431,
      'that headers are too large',
      `GET /tasks HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nX: ${'x'.repeat(17_000)}\r\n`,
    ],
  ])('%i: %s', async ([status, , request], { site }) => {
    const { port } = site.server.address() as AddressInfo

    const [answer] = await exchange(port, `${request}Origin: ${origin}\r\nConnection: close\r\n\r\n`)

    expect(answer?.status).toBe(status)
    expect(answer?.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer?.headers.get('vary')).toMatch('Origin')
  })

  test('429: that it asked too often', async ({ site }) => {
    const logIn = () =>
      site.inject({ method: 'POST', url: '/auth/login', headers: { origin }, payload: { email: 'x', password: 'x' } })
    await logIn()

    const refused = await logIn()

    expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([429, origin])
    expect(refused.headers['access-control-expose-headers']).toMatch('Retry-After')
  })
})

describe('a preflight', () => {
  const ask = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization, if-match' }

  test.for(['/tasks/1', '/nowhere', '/tasks/%zz', `/tasks/${'1'.repeat(501)}`])(
    'of %s lets a page send its request, and read what is wrong with it',
    async (url, { site }) => {
      const reply = await site.inject({ method: 'OPTIONS', url, headers: { origin, ...ask } })

      expect([reply.statusCode, reply.body]).toEqual([204, ''])
      expect(reply.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': 'authorization, if-match',
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      })
    },
  )

  test('of an app with a scheme of its own is answered too', async ({ site }) => {
    const headers = { origin: 'capacitor://localhost', ...ask }

    const reply = await site.inject({ method: 'OPTIONS', url: '/tasks', headers })

    expect(reply.headers['access-control-allow-origin']).toBe('capacitor://localhost')
  })

  test.for(['https://evil.example', 'null', 'http://tasks.example.org'])(
    'allows nothing to %s',
    async (origin, { site }) => {
      const reply = await site.inject({ method: 'OPTIONS', url: '/tasks', headers: { origin, ...ask } })

      expect(reply.headers['access-control-allow-origin']).toBeUndefined()
      expect(reply.headers.vary).toMatch('Origin')
    },
  )
})

test('without CORS_ORIGINS no answer has a CORS header', async ({ app }) => {
  const headers = { origin, 'access-control-request-method': 'PUT' }

  for (const reply of [
    await app.inject({ url: '/health/live', headers }),
    await app.inject({ method: 'OPTIONS', url: '/tasks', headers }),
    await app.inject({ url: '/tasks/%zz', headers }),
  ]) {
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control') || name === 'vary')).toEqual(
      [],
    )
  }
})
