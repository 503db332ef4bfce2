import { performance } from 'node:perf_hooks'
import type { InjectOptions } from 'fastify'
import { expect } from 'vitest'
import { type App, test as base } from './support/app.ts'

const test = base.extend('server', { scope: 'file' }, async ({ buildTestApp }) =>
  buildTestApp({ TRUST_PROXY: '127.0.0.0/8, 10.0.0.0/8' }),
)

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const size = 60_000

const post = (url: string, payload: string, headers: Record<string, string> = json) => ({
  method: 'POST' as const,
  url,
  payload,
  headers,
})
const login = (fields: object) => post('/auth/login', JSON.stringify(fields))
const marks = '\u0301\u0315'.repeat(size / 4)
const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, 1]))

const document = JSON.stringify(
  Array(5_000).fill({ id: 12_345, title: 'a task', description: 'lorem ipsum '.repeat(3) }),
)

/** How long the processor takes for reading so many documents of 0.4 MB, 1.3 ms each where this was written. */
function readingMs(count: number): number {
  const from = performance.now()
  for (let n = 0; n < count; n++) JSON.parse(document)
  return performance.now() - from
}

/**
 * What a request holds the event loop for, in times that `count` documents take to be read: both are the least of
 * several, taken in turns, since machines are busy with other things, and differ.
 */
async function heldInReadings(app: App, request: InjectOptions, count: number): Promise<number> {
  let hold = Number.POSITIVE_INFINITY
  let reading = Number.POSITIVE_INFINITY
  for (let n = 0; n < 15 && (n < 3 || hold >= reading); n++) {
    reading = Math.min(reading, readingMs(count))
    hold = Math.min(hold, await holdMs(app, request))
  }
  return hold / reading
}

/** The longest that the event loop was held by a request: no timer could fire in the meantime. */
async function holdMs(app: App, request: InjectOptions): Promise<number> {
  let longest = 0
  let last = performance.now()
  let isDone = false
  const tick = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!isDone) setImmediate(tick)
  }
  setImmediate(tick)
  await app.inject(request)
  await new Promise(setImmediate)
  isDone = true
  return longest
}

test.for<[name: string, request: InjectOptions]>([
  ['an email of combining marks', login({ email: marks, password: 'x' })],
  ['an email of combining marks and a domain', login({ email: `a${marks}@example.org`, password: 'x' })],
  ['a domain of combining marks', login({ email: `a@b${marks}.org`, password: 'x' })],
  ['an email of 254 combining marks', login({ email: `${'\u0301\u0315'.repeat(120)}@b.org`, password: 'x' })],
  ['an email of white space', login({ email: ' '.repeat(size), password: 'x' })],
  ['an email of labels', login({ email: `a@${'a-'.repeat(size / 2)}`, password: 'x' })],
  ['a password of combining marks', login({ email: 'ann@example.org', password: marks })],
  [
    'a password of combining marks to register',
    post('/auth/register', JSON.stringify({ email: 'a@b.org', password: marks })),
  ],
  ['a refresh token', post('/auth/refresh', JSON.stringify({ refresh_token: `tmr_${'a'.repeat(size)}` }))],
  ['a mailed token', post('/auth/email-change/confirm', JSON.stringify({ token: 'a'.repeat(size) }))],
  ['thousands of unknown fields', login(fields(5_000))],
  ['nested lists', post('/auth/login', '['.repeat(size / 2) + ']'.repeat(size / 2))],
  ['nested objects', post('/auth/login', '{"a":'.repeat(10_000) + 1 + '}'.repeat(10_000))],
  ['a text of escapes', post('/auth/login', `{"email":"${'\\u0301'.repeat(size / 6)}","password":"x"}`)],
  ['a form of combining marks', post('/auth/login', `password=x&username=${'%CC%81'.repeat(size / 6)}`, form)],
  ['a form of thousands of fields', post('/auth/login', 'a=1&'.repeat(size / 4), form)],
  ['a form of one field, thousands of times', post('/auth/login', 'username=a&'.repeat(5_000), form)],
  ['a form of escapes', post('/auth/login', `username=${'%20'.repeat(size / 3)}`, form)],
  ['a content type', post('/auth/login', '{}', { 'content-type': `application/json;${' '.repeat(14_000)}charset` })],
  ['a token', { url: '/tasks', headers: { authorization: `Bearer ${'a.'.repeat(7_000)}` } }],
  [
    'a token of three parts',
    { url: '/tasks', headers: { authorization: `Bearer ${Array(3).fill('a'.repeat(5_000)).join('.')}` } },
  ],
  ['spaces before a token', { url: '/tasks', headers: { authorization: `Bearer${' '.repeat(14_000)}` } }],
  ['forwarding addresses', post('/auth/login', '{}', { ...json, 'x-forwarded-for': '10.0.0.1,'.repeat(1_500) })],
  [
    'forwarding addresses of IPv6',
    post('/auth/login', '{}', { ...json, 'x-forwarded-for': '[2001:db8::1]:1,'.repeat(900) }),
  ],
  ['a query', { url: `/health/live?${'a=1&'.repeat(3_500)}` }],
  ['a query of escapes', { url: `/health/live?${'%20'.repeat(4_500)}` }],
])('%s holds up others no longer than reading 8 documents does', async ([, request], { server }) => {
  expect(await heldInReadings(server, request, 8)).toBeLessThan(1)
})

/** A person with 6,000 long tasks. */
const hoarding = test.extend('hoarder', { scope: 'file' }, async ({ as, db }) => {
  const hoarder = as('hoarder')
  const description = 'lorem ipsum '.repeat(80)
  const { id } = await hoarder.creates({ title: 'a', description, due: { date: '2020-01-01' }, labels: ['x'] })
  const { id: _, ...row } = (await db.find(db.tables.tasks, { id }))!
  for (let i = 0; i < 6_000; i += 500) await db.insertMany(db.tables.tasks, Array(500).fill(row))
  return hoarder
})

const operations = (count: number, operation: object) => JSON.stringify({ operations: Array(count).fill(operation) })
const longCreate = { op: 'create', task: { title: 'x', description: 'x'.repeat(9_000), labels: ['a', 'b', 'c'] } }
const manyFields = { op: 'create', task: { title: 'x', ...fields(80_000) } }
const vtodo = ['BEGIN:VTODO', 'SUMMARY:x', `DESCRIPTION:${'x'.repeat(400)}`, 'DUE;VALUE=DATE:20261201', 'END:VTODO', '']
const calendar = `BEGIN:VCALENDAR\r\n${vtodo.join('\r\n').repeat(9_000)}END:VCALENDAR\r\n`
const csv = `title,description\n${`x,${'x'.repeat(480)}\n`.repeat(9_999)}`

hoarding.for<[name: string, request: InjectOptions]>([
  ['a page of 500', { url: '/tasks?limit=500' }],
  ['a search that finds nothing', { url: '/tasks?q=nowhere+to+be+found' }],
  ['a filter that few tasks meet', { url: '/tasks?priority=urgent&overdue=true&sort=created_at' }],
  ['a sync of everything', { url: '/sync?limit=500' }],
  ['a summary', { url: '/tasks/summary' }],
  ['a batch of the most', post('/tasks/batch', operations(100, longCreate))],
  ['a batch of unknown fields', post('/tasks/batch', operations(1, manyFields))],
  ['a calendar file that is tried', post('/tasks/import?dry_run=true', calendar, { 'content-type': 'text/calendar' })],
  ['a table that is tried', post('/tasks/import?dry_run=true', csv, { 'content-type': 'text/csv' })],
  ['an export', { url: '/tasks/export?format=ics' }],
])(
  '%s of a person with many tasks holds up others no longer than reading 60 documents does',
  async ([, request], { app, hoarder }) => {
    const authorization = `Bearer ${await hoarder.token}`
    const asked = { ...request, headers: { ...request.headers, authorization } }
    expect(await heldInReadings(app as App, asked, 60)).toBeLessThan(1)
  },
)
