import { describe, expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { test } from './support/app.ts'

type Headers = Record<string, string>

describe('the address of a client', () => {
  test.for([
    ['nobody by default', '', '203.0.113.9', '127.0.0.1'],
    ['the one proxy in front', '1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['two proxies in front', '2', '198.51.100.1, 203.0.113.9, 192.0.2.1', '203.0.113.9'],
    ['a proxy in a range', '127.0.0.0/8', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['proxies by their addresses', '127.0.0.1, 192.0.2.1', '198.51.100.1, 203.0.113.9, 192.0.2.1', '203.0.113.9'],
    ['no proxy but those named', '192.0.2.0/24', '203.0.113.9', '127.0.0.1'],
    ['a proxy, of IPv4 written as IPv6', '1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a proxy, of IPv6', '1', '2001:db8::9', '2001:db8::9'],
    ['no proxy that names no address', '1', 'unknown', '127.0.0.1'],
    ['no proxy that names far too much', '1', `203.0.113.9${'9'.repeat(100)}`, '127.0.0.1'],
  ] as const)('is told by %s', async ([, trusted, forwarded, address], { buildTestApp, as }) => {
    const app = await buildTestApp({ TRUST_PROXY: trusted })
    const { email, password, user } = as('ann')
    await user
    const headers = { 'x-forwarded-for': forwarded }

    const login = await app.inject({ method: 'POST', url: '/auth/login', headers, payload: { email, password } })

    expect(login.statusCode, login.body).toBe(200)
    const sessions = await app.inject({
      url: '/users/me/sessions',
      headers: { authorization: `Bearer ${login.json().access_token}` },
    })
    expect(sessions.json()[0].address).toBe(address)
  })
})

describe('Strict-Transport-Security', () => {
  test('is sent over TLS only, which only a trusted proxy can tell', async ({ buildTestApp, app }) => {
    const behindProxy = await buildTestApp({ TRUST_PROXY: '1' })
    const ask = async (asked: typeof app, headers: Headers) => {
      const reply = await asked.inject({ url: '/health/live', headers })
      return reply.headers['strict-transport-security']
    }

    expect(await ask(behindProxy, { 'x-forwarded-proto': 'https' })).toBe('max-age=31536000; includeSubDomains')
    expect(await ask(behindProxy, { 'x-forwarded-proto': 'http' })).toBeUndefined()
    expect(await ask(behindProxy, {})).toBeUndefined()
    expect(await ask(app, { 'x-forwarded-proto': 'https' })).toBeUndefined()
  })
})

describe('TRUST_PROXY', () => {
  test.for(['true', 'false', '0', '11', '1, 2', '0.0.0.0/0', '::/0', '10.0.0.0/33', 'loopback', 'proxy.example.org'])(
    'refuses %s, and says what is allowed',
    (value) => {
      expect(() => loadConfig({ TRUST_PROXY: value })).toThrow(
        /^TRUST_PROXY: must be how many proxies .*10\.0\.0\.0\/8/,
      )
    },
  )
})
