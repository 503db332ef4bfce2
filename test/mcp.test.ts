import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect } from 'vitest'
import { test as base, type Person } from './support/app.ts'

const test = base.extend('address', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp({ CORS_ORIGINS: 'https://agent.example.org' })
  await app.listen({ port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})

async function connect(address: string, token: string, versionNegotiation?: { mode: 'auto' }) {
  const client = new Client({ name: 'test', version: '1' }, versionNegotiation && { versionNegotiation })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${address}/mcp`), { requestInit }))
  return client
}

const tokenOf = async ({ post }: Person, scopes: string[]) =>
  (await post('/users/me/tokens', { name: 'Agent', scopes })).json().token as string

const post = (address: string, headers: Record<string, string>, method = 'POST') =>
  fetch(`${address}/mcp`, {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    ...(method === 'POST' && { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }) }),
  })

describe('POST /mcp', () => {
  test.for([undefined, { mode: 'auto' }] as const)(
    'lets an agent work with tasks, by its client in mode %j',
    async (mode, { address, as }) => {
      const ann = as(`ann ${mode?.mode}`)
      const token = await tokenOf(ann, ['tasks:read', 'tasks:write'])
      const client = await connect(address, token, mode)
      const call = (name: string, args: object = {}) => client.callTool({ name, arguments: args as never })

      const { tools } = await client.listTools()
      const made = await call('create_task', { title: 'Buy milk', due: { date: '2026-12-01' }, labels: ['errands'] })
      const { id } = made.structuredContent as { id: number }
      const changed = await call('update_task', { id, priority: 'high' })
      const listed = await call('list_tasks', { status: ['pending'], label: ['errands'], limit: 1 })
      const wrong = await call('update_task', { id, priority: 'highest' }).catch((error: Error) => ({
        isError: true,
        content: [{ text: error.message }],
      }))
      const gone = await call('get_task', { id: 999_999_999 })
      const done = await call('complete_task', { id })
      const deleted = await call('delete_task', { id })

      expect(tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['list_tasks', 'create_task', 'list_projects']),
      )
      expect(tools.find(({ name }) => name === 'list_tasks')!.annotations).toMatchObject({ readOnlyHint: true })
      expect(changed.structuredContent).toMatchObject({ id, priority: 'high', due: { date: '2026-12-01' } })
      expect(listed.structuredContent).toMatchObject({ items: [{ id, labels: ['errands'] }] })
      expect(wrong.isError).toBe(true)
      expect(gone).toMatchObject({ isError: true, content: [{ text: '404 Task not found: Task not found' }] })
      expect(done.structuredContent).toMatchObject({ status: 'completed' })
      expect(deleted.isError ?? false).toBe(false)
      expect((await ann.get(`/tasks/${id}?trashed=true`)).statusCode).toBe(200)
      await client.close()
    },
  )

  test('leads from page to page', async ({ address, as }) => {
    const ann = as('pages')
    for (let i = 0; i < 3; i++) await ann.creates({ title: `${i}` })
    const client = await connect(address, await ann.token)

    const first = (await client.callTool({ name: 'list_tasks', arguments: { limit: 2 } }))
      .structuredContent as never as { items: object[]; next_cursor: string }
    const second = (await client.callTool({ name: 'list_tasks', arguments: { limit: 2, cursor: first.next_cursor } }))
      .structuredContent

    expect(first.items).toMatchObject([{ title: '2' }, { title: '1' }])
    expect(second).toEqual({ items: [expect.objectContaining({ title: '0' })] })
    await client.close()
  })

  test('shows a token the tools of its scopes alone, and nobody else any', async ({ address, as }) => {
    const ann = as('scopes')
    const client = await connect(address, await tokenOf(ann, ['tasks:read']))

    const names = (await client.listTools()).tools.map(({ name }) => name)

    expect(names).toContain('list_tasks')
    expect(names).not.toContain('create_task')
    expect((await post(address, {})).status).toBe(401)
    expect((await post(address, { authorization: 'Bearer tma_x' })).status).toBe(401)
    await client.close()
  })

  test('refuses pages of foreign origins, other methods and other types', async ({ address, as }) => {
    const authorization = `Bearer ${await as('origin').token}`

    const statuses = [
      await post(address, { authorization, origin: 'https://evil.example.org' }),
      await post(address, { authorization, origin: 'https://agent.example.org' }),
      await post(address, { authorization }, 'GET'),
      await post(address, { authorization }, 'DELETE'),
    ].map(({ status }) => status)

    expect(statuses).toEqual([403, 200, 405, 405])
    expect((await fetch(`${address}/.well-known/oauth-protected-resource/mcp`)).status).toBe(404)
  })

  test('counts a call once, as the request that it makes', async ({ buildTestApp, as }) => {
    const app = await buildTestApp({ RATE_LIMIT_MAX: '3' })
    const headers = {
      authorization: `Bearer ${await as('limited').token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    }
    const params = { name: 'get_me', arguments: {} }
    const payload = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    const replies = []
    for (let i = 0; i < 4; i++) replies.push(await app.inject({ method: 'POST', url: '/mcp', headers, payload }))

    const refused = replies.map(({ body }) => body.includes('429 Too many requests'))
    expect(refused, replies[0]!.body).toEqual([false, false, false, true])
  })
})
