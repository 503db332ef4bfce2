import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { emptyFolder, startServer } from './support/process.ts'
import { everyRow } from './support/rows.ts'
import { mailSettings, test, tokenIn } from './support/smtp.ts'

const canary = () => `canary${randomBytes(12).toString('hex')}`

test('no secret is in the log, an error or a table', async ({ databaseUrl, db, smtp }) => {
  using folder = emptyFolder()
  const key = canary() + canary()
  await using server = await startServer(folder.path, {
    ...mailSettings(smtp.port),
    DATABASE_URL: databaseUrl,
    MIGRATE_ON_START: 'true',
    SECRET_KEY: key,
    LOG_LEVEL: 'trace',
    LOGIN_RATE_LIMIT_MAX: '1000',
  })
  const [password, next, third, wrong, query, header, malformed, field, cookie] = Array.from({ length: 9 }, canary)
  const secrets = new Set([key, password, next, third, wrong, query, header, malformed, field, cookie] as string[])
  const failures: string[] = []
  const statuses = new Set<number>()
  const send = async (method: string, path: string, sent?: object | string, headers: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(sent !== undefined && { body: typeof sent === 'string' ? sent : JSON.stringify(sent) }),
    })
    const text = await response.text()
    statuses.add(response.status)
    if (response.status >= 400) failures.push(text)
    const json = text && JSON.parse(text)
    for (const name of ['access_token', 'refresh_token', 'token']) if (json[name]) secrets.add(json[name])
    return { status: response.status, json }
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const email = `ann-${randomBytes(6).toString('hex')}@example.org`
  const enter = async (password?: string) => (await send('POST', '/auth/login', { email, password })).json
  const mailed = async (address: string, subject: string) => {
    const found = () => smtp.to(address).find((mail) => mail.subject === subject)
    await expect.poll(found).toBeDefined()
    const token = tokenIn(found()!)
    secrets.add(token)
    return token
  }

  await send('POST', '/auth/register', { email, password })
  await send('POST', '/auth/register', { email, password })
  await enter(wrong)
  const first = await enter(password)
  await send('POST', '/auth/login', { email, password, extra: field })
  await send('POST', '/auth/login', `username=${email}&password=${wrong}&client_secret=${field}`, {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${header}`,
  })
  const second = (await send('POST', '/auth/refresh', { refresh_token: first.refresh_token })).json
  await send('POST', '/auth/refresh', { refresh_token: first.refresh_token })
  await send('POST', '/auth/refresh', { refresh_token: `tmr_${header}` })
  const mine = bearer(second.access_token)

  const pat = await send('POST', '/users/me/tokens', { name: 'script', scopes: ['tasks:read'] }, mine)
  await send('GET', '/tasks', undefined, bearer(pat.json.token))
  await send('POST', '/users/me/tokens', { name: 'x', scopes: ['tasks:read'] }, bearer(pat.json.token))
  const paths = ['/auth/register', '/auth/login', '/auth/refresh', '/auth/logout', '/auth/password-reset/confirm']
  for (const path of [
    ...paths,
    '/users/me',
    '/users/me/password',
    '/users/me/sessions/1',
    '/users/me/tokens',
    '/nowhere',
  ]) {
    const method = path.endsWith('password') ? 'PUT' : 'POST'
    await send(method, `${path}?token=${query}&access_token=${query}`, { password: wrong, token: field }, mine)
    await send(method, path, `{"password":"${malformed}`, { ...mine, cookie: `session=${cookie}` })
    await send(method, path, `{"${malformed}":}`, { authorization: `Bearer ${header}` })
    await send(method, path, `{"x":"${malformed}"}`, { ...mine, 'content-type': 'text/plain' })
    await send('GET', path, undefined, { authorization: `Bearer ${header}`, 'if-none-match': `"${header}"` })
    await send('GET', path, undefined, { authorization: `Token ${header}`, 'x-api-key': header as string })
  }
  const change = (current_password?: string) =>
    send('PUT', '/users/me/password', { current_password, new_password: next }, mine)
  await change(wrong)
  expect((await change(password)).status).toBe(204)
  await send('DELETE', '/users/me', { password: wrong }, mine)

  const other = `new-${email}`
  await send('POST', '/users/me/email', { email: other, password: wrong }, mine)
  expect((await send('POST', '/users/me/email', { email: other, password: next }, mine)).status).toBe(202)
  const emailToken = await mailed(other, 'Confirm your email')
  expect((await send('POST', '/auth/password-reset', { email })).status).toBe(202)
  const resetToken = await mailed(email, 'Reset your password')
  const rows = [await everyRow(db)]
  await send('POST', '/auth/password-reset/confirm', { token: resetToken, password: 'short' })
  await send('POST', '/auth/password-reset/confirm', { token: emailToken, password: third })
  await send('POST', '/auth/password-reset/confirm', { token: resetToken, password: third })
  await send('POST', '/auth/password-reset/confirm', { token: resetToken, password: third })
  await send('POST', '/auth/email-change/confirm', { token: emailToken })
  const last = await enter(third)
  await send('POST', '/auth/logout', undefined, bearer(last.access_token))
  await send('GET', '/users/me', undefined, bearer(last.access_token))
  rows.push(await everyRow(db))
  await server.end('SIGTERM')

  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 201, 202, 204, 400, 401, 403, 404, 409, 415, 422]))
  expect(secrets.size).toBeGreaterThanOrEqual(18)
  // Of a JWT, the header is no secret.
  for (const secret of [...secrets].flatMap((text) => text.split('.').slice(text.includes('.') ? 1 : 0))) {
    expect(server.log()).not.toContain(secret)
    for (const text of [...rows, ...failures]) expect(text).not.toContain(secret)
  }
})
