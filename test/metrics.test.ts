import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { expect } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { type App, test as base, people } from './support/app.ts'
import { dialect } from './support/database.ts'
import { emptyFolder, failToStart } from './support/process.ts'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool)
  process.stderr.write('promtool (Debian: prometheus) is missing: the format of the metrics is not checked\n')

/** An app that measures, and what it says when it is scraped. */
const test = base.extend('measured', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp({ METRICS_PORT: '0' })
  return { app, scrape: async () => (await fetch(urlOf(app))).text() }
})

test('requests are counted and timed by method, route pattern and status', async ({ measured: { app, scrape } }) => {
  const ann = people(app)('ann')
  const { id } = await ann.creates({ title: 'Buy milk' })
  await ann.get(`/tasks/${id}?unknown=secret`)
  await ann.get(`/tasks/${id}`)
  await app.inject(`/tasks/${id}`)
  await app.inject('/no/such/path')

  const text = await scrape()

  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{(.+)\} (\d+)$/gm)]
  expect(counts.map(([, labels, count]) => [labels, Number(count)]).toSorted()).toEqual([
    ['method="GET",route="/tasks/:id",status="200"', 1],
    ['method="GET",route="/tasks/:id",status="401"', 1],
    ['method="GET",route="/tasks/:id",status="422"', 1],
    ['method="GET",route="none",status="404"', 1],
    ['method="POST",route="/tasks",status="201"', 1],
  ])
  expect(text).not.toMatch(/secret|no\/such|example\.org/)
})

test('what requests wait for is shown: the database, hashing and the event loop', async ({ measured }) => {
  const { app, scrape } = measured
  const bob = people(app)('bob')
  await Promise.all(Array.from({ length: 20 }, () => bob.creates({ title: 'Buy bread' })))
  const password = 'correct horse battery'
  // Enough to be seen: one takes less time than goes by between two looks.
  const registrations = Array.from({ length: 30 }, (_, i) =>
    app.inject({ method: 'POST', url: '/auth/register', payload: { email: `${i}-${bob.email}`, password } }),
  )
  await expect.poll(async () => loadOf(await scrape(), 'password_hashing_jobs', 'running')).toBeGreaterThan(0)
  await Promise.all(registrations)

  const text = await scrape()

  expect(loadOf(text, 'password_hashing_jobs', 'running')).toBe(0)
  expect(loadOf(text, 'database_connections', 'waiting')).toBe(0)
  const connections = loadOf(text, 'database_connections', 'busy') + loadOf(text, 'database_connections', 'idle')
  if (dialect === 'sqlite') expect(connections).toBe(1)
  else expect(connections).toBeGreaterThanOrEqual(1)
  const [commits, jobs] = ['count', 'sum'].map((part) => numberAt(text, `database_group_commit_jobs_${part}`))
  if (dialect === 'sqlite') expect(jobs).toBeGreaterThan(commits!)
  else expect(commits).toBe(0)
  expect(numberAt(text, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
  expect(numberAt(text, 'process_resident_memory_bytes')).toBeGreaterThan(0)
  expect(text).toContain(`task_management_api_info{version="${manifest.version}"} 1`)
})

test.skipIf(!hasPromtool)('promtool finds nothing wrong with them', async ({ measured: { scrape } }) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: await scrape(),
    encoding: 'utf8',
  })

  expect([status, stdout, stderr]).toEqual([0, '', ''])
})

test('they are served on their own port alone, which serves nothing more', async ({ app, measured }) => {
  const url = urlOf(measured.app)
  const [wrong, posted, head] = await Promise.all([
    fetch(new URL('/tasks', url)),
    fetch(url, { method: 'POST' }),
    fetch(url, { method: 'HEAD' }),
  ])

  expect([wrong.status, posted.status, posted.headers.get('allow'), head.status]).toEqual([404, 405, 'GET, HEAD', 200])
  expect(head.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect((await measured.app.inject('/metrics')).statusCode).toBe(404)
  expect(app.metrics, 'off by default').toBeUndefined()
})

test('a port that is taken stops the start with a line that names the setting', async ({ databaseUrl }) => {
  using folder = emptyFolder()
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const settings = { DATABASE_URL: databaseUrl, SECRET_KEY: 'x'.repeat(40), MIGRATE_ON_START: 'true' }

  const { code, stderr } = await failToStart(folder.path, { ...settings, METRICS_PORT: String(port) })
  other.close()

  expect(code).toBe(1)
  expect(stderr).toMatch(/^METRICS_PORT: listen EADDRINUSE[^\n]+\n$/)
})

const urlOf = (app: App): string => app.metrics?.url() ?? 'http://nowhere.invalid'

const loadOf = (text: string, name: string, state: string) => numberAt(text, `${name}{state="${state}"}`)

const numberAt = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  )
