import type { AddressInfo } from 'node:net'
import { describe, expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { type App, test } from './support/app.ts'
import { missingNginx, startNginx } from './support/nginx.ts'

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
    ['a proxy that adds a port', '1', '203.0.113.9:51023', '203.0.113.9'],
    ['a proxy that adds a port to IPv6', '1', '[2001:db8::9]:443', '2001:db8::9'],
    ['a proxy that puts IPv6 in brackets', '1', '[2001:db8::9]', '2001:db8::9'],
    ['proxies that add ports', '2', '198.51.100.1:1, 203.0.113.9:2, 192.0.2.1:3', '203.0.113.9'],
    ['proxies in ranges that add ports', '127.0.0.1, 192.0.2.0/24', '203.0.113.9:2, 192.0.2.1:3', '203.0.113.9'],
    ['a proxy in an IPv6 range', '::ffff:127.0.0.0/104, 2001:db8::/32', '203.0.113.9, [2001:db8::1]:3', '203.0.113.9'],
    ['no proxy that names a port alone', '1', ':443', '127.0.0.1'],
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

describe('behind an nginx that adds a prefix', () => {
  const forwarded = ['Prefix /api', 'Host $http_host', 'Proto $scheme', 'For $remote_addr']
  const headers = forwarded.map((header) => `proxy_set_header X-Forwarded-${header};`)

  test.for([
    ['that says nothing of it', {}, [], false],
    ['that says so, but is not trusted', {}, headers, false],
    ['that says so, and is trusted', { TRUST_PROXY: '1' }, headers, true],
    ['that only names the prefix', { TRUST_PROXY: '1' }, [headers[0]!, headers[3]!], false],
  ] as const)('%s, every link leads back in', async ([, settings, lines, isAbsolute], { skip, buildTestApp, as }) => {
    if (missingNginx) skip(missingNginx)
    const app = await buildTestApp(settings)
    await using nginx = await startNginx(await portOf(app), ...lines)
    const token = await as('nat').token

    const links = await followedLinks(`${nginx.url}/api`, token)

    for (const link of links) expect(link.startsWith(`${nginx.url}/api/`), link).toBe(isAbsolute)
  })

  test('the documentation is whole, and names the server and its styles below the prefix', async ({
    skip,
    buildTestApp,
  }) => {
    if (missingNginx) skip(missingNginx)
    const app = await buildTestApp({ API_URL: 'https://tasks.example.org/api' })
    await using nginx = await startNginx(await portOf(app))

    for (const path of ['/api/docs', '/api/docs/']) {
      const page = await fetch(nginx.url + path)
      const html = await page.text()
      const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => new URL(link!, page.url).href)
      const replies = await Promise.all(assets.map((link) => fetch(link)))

      expect(assets.length).toBeGreaterThan(5)
      expect(replies.map(({ status }) => status)).toEqual(assets.map(() => 200))
    }
    const document = await fetch(`${nginx.url}/api/docs/json`)
    const [server] = ((await document.json()) as { servers: { url: string }[] }).servers
    expect(server!.url).toBe('https://tasks.example.org/api')
  })
})

describe('links', () => {
  test('begin with API_URL where it is set', async ({ buildTestApp, as }) => {
    const app = await buildTestApp({ API_URL: 'https://tasks.example.org/api/' })
    const headers = { authorization: `Bearer ${await as('ann').token}` }
    const create = () => app.inject({ method: 'POST', url: '/tasks', headers, payload: { title: 'Buy milk' } })

    const { headers: answered, ...created } = await create()
    await create()
    const list = await app.inject({ url: '/tasks?limit=1', headers })
    const missing = await app.inject({ url: '/tasks/999999999', headers })

    const root = 'https://tasks.example.org/api'
    expect(answered.location).toBe(`${root}/tasks/${created.json().id}`)
    expect(list.headers.link).toMatch(
      /^<https:\/\/tasks\.example\.org\/api\/tasks\?limit=1&cursor=[\w-]+>; rel="next"$/,
    )
    expect(missing.json().type).toBe(`${root}/problems#task-not-found`)
    expect((await app.inject('/tasks/%zz')).json().type).toBe(`${root}/problems#malformed-request`)
  })

  test('are paths where no proxy shows, and relative where one does', async ({ app, as }) => {
    const headers = { authorization: `Bearer ${await as('ann').token}` }
    const locationWith = async (further: Record<string, string>) => {
      const reply = await app.inject({
        method: 'POST',
        url: '/tasks',
        headers: { ...headers, ...further },
        payload: { title: 'Buy milk' },
      })
      return reply.headers.location
    }

    expect(await locationWith({})).toMatch(/^\/tasks\/\d+$/)
    for (const name of ['via', 'forwarded', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-proto']) {
      expect(await locationWith({ [name]: 'x' }), name).toMatch(/^\.\/tasks\/\d+$/)
    }
  })

  test.for([
    ['/evil', 'evil.example/x'],
    ['//evil.example', 'tasks.example.org'],
    ['https://evil.example', 'tasks.example.org'],
    ['/a b', 'tasks.example.org'],
    ['/api, /evil', 'tasks.example.org'],
  ])('take no prefix or host that is none: %s at %s', async ([prefix, host], { buildTestApp }) => {
    const app = await buildTestApp({ TRUST_PROXY: '1' })
    const forwarded = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-prefix': prefix, 'x-forwarded-host': host }

    const { type } = (await app.inject({ url: '/nowhere', headers: forwarded })).json()

    expect(type).toBe(prefix === '/evil' ? '/evil/problems#route-not-found' : './problems#route-not-found')
  })

  test.for(['tasks.example.org', 'ftp://tasks.example.org', 'https://tasks.example.org/?x', 'https://a:b@example.org'])(
    'API_URL refuses %s, and says what is allowed',
    (value) => {
      expect(() => loadConfig({ API_URL: value })).toThrow(/^API_URL: must be an http or https URL/)
    },
  )
})

async function portOf(app: App): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** The links of answers as they are written, each of which was followed from the URL that it was answered for. */
async function followedLinks(api: string, token: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const create = () => fetch(`${api}/tasks`, { method: 'POST', headers, body: '{"title":"Buy milk"}' })
  const createdAtSlash = await fetch(`${api}/tasks/`, { method: 'POST', headers, body: '{"title":"Buy bread"}' })
  const created = await create()
  const tokens = await fetch(`${api}/users/me/tokens`, {
    method: 'POST',
    headers,
    body: '{"name":"script","scopes":["tasks:read"]}',
  })
  const locations = [createdAtSlash, created, tokens].map(
    ({ url, headers }) => [url, headers.get('location')!] as const,
  )

  const list = await fetch(`${api}/tasks?limit=1`, { headers })
  const next = /^<([^>]+)>; rel="next"$/.exec(list.headers.get('link') ?? '')?.[1]
  const refusals = await Promise.all(
    ['/tasks/999999999', '/nowhere/at/all', '/users/nobody'].map((path) => fetch(api + path, { headers })),
  )
  const types = await Promise.all(
    refusals.map(async (reply) => [reply.url, ((await reply.json()) as { type: string }).type] as const),
  )

  const links = [...locations, [list.url, next!] as const, ...types]
  for (const [from, link] of links) {
    const target = new URL(link, from)
    expect(target.href).toMatch(api)
    const { status } = await fetch(target, { headers })
    expect(status, target.href).toBe(200)
  }
  return links.map(([, link]) => link)
}
