import { expect } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { test } from './support/app.ts'

const json = 'application/json; charset=utf-8'
const html = 'text/html; charset=utf-8'

test('a program learns the name, the version and where to read on', async ({ anyone }) => {
  const reply = await anyone.get('/')

  expect(reply.statusCode).toBe(200)
  expect(reply.json()).toEqual({
    name: 'Task Management API',
    version: manifest.version,
    links: { docs: 'docs', openapi: 'openapi.json', problems: 'problems' },
  })
})

test('every link leads somewhere, from the page too, and none has a path of its own', async ({ app, anyone }) => {
  const page = await app.inject({ url: '/', headers: { accept: 'text/html' } })
  const links = [...page.body.matchAll(/href="([^"]+)"/g)].map(([, path]) => path!)
  const { links: named } = (await anyone.get('/')).json()

  expect(links).toEqual(expect.arrayContaining(Object.values(named)))
  for (const link of links) {
    expect(link).toMatch(/^\w/)
    expect((await anyone.get(`/${link}`)).statusCode).toBe(200)
  }
})

test.for([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8', html],
  ['text/html', html],
  ['text/*', html],
  ['application/json;q=0.5, text/html', html],
  ['application/json', json],
  ['application/json, text/html', json],
  ['application/json, text/html;q=0.9', json],
  ['*/*', json],
  ['', json],
  ['image/png', json],
  ['text/html;q=0, */*', json],
])('Accept: %s is answered with %s', async ([accept, type], { app }) => {
  const reply = await app.inject({ url: '/', headers: { accept } })

  expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, type])
  expect(reply.headers.vary).toBe('Accept, Accept-Encoding')
})

test('where docs are turned off nothing leads to them', async ({ buildTestApp }) => {
  const app = await buildTestApp({ DOCS_ENABLED: 'false' })

  const page = await app.inject({ url: '/', headers: { accept: 'text/html' } })

  expect((await app.inject('/')).json().links).toEqual({ problems: 'problems' })
  expect(page.body).toContain('href="problems"')
  expect(page.body).not.toContain('docs')
  expect(page.body).not.toContain('openapi')
})

test('the icon is an ICO file', async ({ anyone }) => {
  const reply = await anyone.get('/favicon.ico')

  expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, 'image/x-icon'])
  expect(reply.rawPayload.subarray(0, 6).toString('hex')).toBe('000001000100')
})
