import type { AddressInfo } from 'node:net'
import createClient from 'openapi-fetch'
import { expect } from 'vitest'
import { test as base } from '../../support/app.ts'
import type { components, paths } from './schema.d.ts'

/** A client with types that openapi-typescript makes from the document: what compiles here compiles for others. */
const test = base.extend('api', { scope: 'file' }, async ({ buildTestApp, as }) => {
  const app = await buildTestApp()
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  return createClient<paths>({
    baseUrl: `http://127.0.0.1:${port}`,
    headers: { authorization: `Bearer ${await as('ann').token}` },
  })
})

test('a generated client need not send what has a default', async ({ api }) => {
  const { data: tasks } = await api.GET('/tasks')
  const { data: activity } = await api.GET('/users/me/activity', { params: { query: {} } })
  const { data: token } = await api.POST('/users/me/tokens', { body: { name: 'Backup', scopes: ['tasks:read'] } })

  expect(tasks).toEqual([])
  expect(activity!.map(({ event }) => event)).toEqual(['logged_in', 'registered'])
  const days = (Date.parse(token!.expires_at) - Date.parse(token!.created_at)) / 86_400_000
  expect(days).toBe(90)
})

test('a generated client knows the names of statuses and of codes', async ({ api }) => {
  const status: components['schemas']['TaskStatus'] = 'in_progress'
  const { data: task } = await api.POST('/tasks', { body: { title: 'Buy milk', status } })
  const { error } = await api.GET('/tasks/{id}', { params: { path: { id: task!.id + 1 } } })
  const code: components['schemas']['ProblemCode'] = 'TASK_NOT_FOUND'

  // @ts-expect-error no problem has this code
  const wrong: components['schemas']['ProblemCode'] = 'TASK_LOST'
  expect(task!.status).toBe(status)
  expect(error!.code).toBe(code)
  expect(error!.code).not.toBe(wrong)
})

test('a generated client changes and deletes a task', async ({ api }) => {
  const { data: task } = await api.POST('/tasks', { body: { title: 'Buy milk' } })
  const params = { path: { id: task!.id } }

  const { data: changed, response } = await api.PATCH('/tasks/{id}', { params, body: { description: null } })
  const header = { 'if-match': response.headers.get('etag')! }
  const deleted = await api.DELETE('/tasks/{id}', { params: { ...params, header } })

  expect(changed).toMatchObject({ title: 'Buy milk', description: null })
  expect(deleted.response.status).toBe(204)
})
