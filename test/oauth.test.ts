import type { AddressInfo } from 'node:net'
import * as oauth from 'openid-client'
import { describe, expect } from 'vitest'
import { test as base, type Person } from './support/app.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

const test = base.extend('client', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const issuer = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const server = { issuer, token_endpoint: `${issuer}/auth/login` }
  const client = new oauth.Configuration(server, 'a-client', undefined, oauth.None())
  oauth.allowInsecureRequests(client)
  return client
})

/** Waits until the account exists. */
async function credentialsOf({ email, password, user }: Person) {
  await user
  return { username: email, password }
}

describe('an OAuth2 client', () => {
  test('logs in and refreshes at one token endpoint', async ({ client, as, anyone }) => {
    const first = await oauth.genericGrantRequest(client, 'password', await credentialsOf(as('ann')))
    const second = await oauth.refreshTokenGrant(client, first.refresh_token!)

    expect(first.expires_in).toBe(3600)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    const me = await anyone.get('/users/me', undefined, { authorization: `Bearer ${second.access_token}` })
    expect(me.json().email).toBe(as('ann').email)
  })

  test('learns that a password or a refresh token is wrong', async ({ client, as }) => {
    const { username } = await credentialsOf(as('ann'))
    const credentials = { username, password: 'not the right one' }

    await expect(oauth.genericGrantRequest(client, 'password', credentials)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'Invalid email or password',
      status: 400,
    })
    await expect(oauth.refreshTokenGrant(client, `tmr_${'a'.repeat(65)}`)).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    })
  })

  test('learns that a grant is unknown, or a parameter missing', async ({ client }) => {
    const parameters = { username: 'ann@example.org' }

    await expect(oauth.genericGrantRequest(client, 'client_credentials', {})).rejects.toMatchObject({
      error: 'unsupported_grant_type',
      status: 400,
    })
    await expect(oauth.genericGrantRequest(client, 'password', parameters)).rejects.toMatchObject({
      error: 'invalid_request',
      status: 400,
    })
  })
})

describe('a form', () => {
  test('may hold parameters that are unknown or empty', async ({ as, anyone }) => {
    const { username, password } = await credentialsOf(as('ann'))
    const fields = { grant_type: '', username, password, scope: '', allow_redirects: 'True', refresh_token: '' }

    const login = await anyone.post('/auth/login', `${new URLSearchParams(fields)}&resource=a&resource=b`, form)
    const { refresh_token } = login.json()
    const refresh = await anyone.post(
      '/auth/refresh',
      String(new URLSearchParams({ grant_type: 'refresh_token', refresh_token, allow_redirects: 'True' })),
      form,
    )

    expect([login.statusCode, refresh.statusCode]).toEqual([200, 200])
  })

  test('is answered as an OAuth2 error that is a problem document too', async ({ as, anyone }) => {
    const { username } = await credentialsOf(as('ann'))

    const reply = await anyone.post('/auth/login', String(new URLSearchParams({ username, password: 'wrong' })), form)

    expect(reply.statusCode).toBe(400)
    expect(reply.headers['content-type']).toMatch(/^application\/json/)
    expect(reply.headers['www-authenticate']).toBeUndefined()
    expect(reply.json()).toEqual({
      error: 'invalid_grant',
      error_description: 'Invalid email or password',
      type: '/problems#invalid-login',
      title: 'Invalid email or password',
      status: 400,
      detail: 'Invalid email or password',
      code: 'INVALID_LOGIN',
    })
  })

  test.for([
    ['invalid_request', 'username=ann%40example.org', '/password'],
    ['invalid_request', 'username=ann%40example.org&password=', '/password'],
    ['invalid_request', 'username=ann%40example.org&password=a&password=b', '/password'],
    ['invalid_request', 'username=no+address&password=x', '/username'],
    ['invalid_request', 'grant_type=refresh_token', '/refresh_token'],
    ['invalid_request', '', '/username'],
    ['unsupported_grant_type', 'grant_type=client_credentials', '/grant_type'],
  ] as const)('is %s: "%s"', async ([error, body, pointer], { anyone }) => {
    const reply = await anyone.post('/auth/login', body, form)

    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toMatchObject({ error, status: 400, code: 'INVALID_INPUT' })
    expect(reply.json().errors).toContainEqual({ detail: expect.any(String), pointer })
  })

  test('with an unknown grant learns which there are', async ({ anyone }) => {
    const login = await anyone.post('/auth/login', 'grant_type=none', form)
    const refresh = await anyone.post('/auth/refresh', 'grant_type=none', form)

    expect(login.json().error_description).toBe('grant_type must be one of: password, refresh_token')
    expect(refresh.json().error).toBe('unsupported_grant_type')
  })

  test('that is limited, too large or no UTF-8 is an OAuth2 error too', async ({ buildTestApp, anyone }) => {
    const limited = await buildTestApp({ LOGIN_RATE_LIMIT_MAX: '1' })
    const post = () => limited.inject({ method: 'POST', url: '/auth/login', headers: form, payload: 'username=x' })
    await post()

    const replies = [
      await post(),
      await anyone.post('/auth/login', `username=${'x'.repeat(65_537)}`, form),
      await anyone.post('/auth/login', 'username=%ff', form),
    ]

    expect(replies.map((reply) => [reply.statusCode, reply.json().error, reply.json().code])).toEqual([
      [429, 'temporarily_unavailable', 'RATE_LIMITED'],
      [413, 'invalid_request', 'BODY_TOO_LARGE'],
      [400, 'invalid_request', 'MALFORMED_REQUEST'],
    ])
  })
})

test('a JSON login is answered as everything else is', async ({ as, anyone }) => {
  const { username } = await credentialsOf(as('ann'))

  const wrong = await anyone.post('/auth/login', { email: username, password: 'wrong' })
  const refresh = await anyone.post('/auth/login', { grant_type: 'refresh_token', refresh_token: 'x' })

  expect(wrong.statusCode).toBe(401)
  expect(wrong.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(wrong.json()).not.toHaveProperty('error')
  expect(refresh.statusCode).toBe(422)
})

// MCP clients that find metadata ask its authorization server for a token, and ignore the one that they were given.
test.for([
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/auth/login',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/openid-configuration',
  '/mcp/.well-known/openid-configuration',
])('no OAuth metadata is published at %s', async (url, { anyone }) => {
  const reply = await anyone.get(url)

  expect([reply.statusCode, reply.json().code]).toEqual([404, 'ROUTE_NOT_FOUND'])
})
