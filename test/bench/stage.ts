/** Our server, the people and their tasks, and the requests that are measured. */
import { randomBytes } from 'node:crypto'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import type { Task } from '../../src/tasks/schemas.ts'
import type { BenchDatabase } from './databases.ts'
import { multiply, settle } from './fill.ts'
import { ask, type Target } from './load.ts'
import { type PeerName, startPeers } from './peers/peers.ts'
import { createModels, newTask, type Person, register } from './people.ts'
import { type Server, startOurs } from './servers.ts'

export interface Stage {
  readonly folder: string
  readonly database: BenchDatabase
  readonly requests: Awaited<ReturnType<typeof prepareRequests>>
  /** Undefined on servers: the peers are written for SQLite. */
  readonly peers: Record<PeerName, Server> | undefined
}

export async function setStage(folder: string, database: BenchDatabase): Promise<Stage> {
  const secret = randomBytes(36).toString('base64url')
  const server = await startOn(database, folder, secret)
  const requests = await prepareRequests(server, database)
  await settle(database)
  const { dialect, location } = parseDatabaseUrl(database.url)
  return {
    folder,
    database,
    requests,
    peers: dialect === 'sqlite' ? await startPeers(folder, location, secret) : undefined,
  }
}

async function startOn({ url, cpuMicros }: BenchDatabase, folder: string, secret: string): Promise<Server> {
  const server = await startOurs(folder, {
    NODE_ENV: 'production',
    // The limits count, but do not stop the load.
    RATE_LIMIT_MAX: '1000000000',
    LOGIN_RATE_LIMIT_MAX: '1000000000',
    SECRET_KEY: secret,
    DATABASE_URL: url,
    MIGRATE_ON_START: 'true',
  })
  return { ...server, databaseCpuMicros: cpuMicros }
}

async function prepareRequests(server: Server, database: BenchDatabase) {
  const reader = await register(server, 'reader')
  const hoarder = await register(server, 'hoarder')
  const writer = await register(server, 'writer') // so that the reader's list stays as it is
  const visitor = await register(server, 'visitor') // so that logging in ends no session that is used
  await give(1_000_000, hoarder, server, database)
  const task = await give(1_000, reader, server, database)
  const draft = await give(1_000, writer, server, database)

  const to = (path: string, { headers }: Person) => ({ server, path, headers })
  const list: Target = to('/tasks?limit=50', reader)
  const byDue = '/tasks?open=true&sort=due&limit=50'
  const change: Target = { ...to(`/tasks/${draft.id}`, writer), method: 'PATCH', body: { status: 'completed' } }
  return {
    one: to(`/tasks/${task.id}`, reader),
    list,
    unchanged: await unchangedOf(list),
    hoard: to('/tasks?limit=50', hoarder),
    create: { ...to('/tasks', writer), method: 'POST', body: newTask, status: 201 },
    change,
    changeVersion: await versionOf(change),
    byDue: to(byDue, reader),
    hoardByDue: to(byDue, hoarder),
    sync: to('/sync?limit=500', reader),
    hoardSync: to('/sync?limit=500', hoarder),
    syncNothing: await afterSync(to('/sync', reader)),
    login: { server, path: '/auth/login', method: 'POST', body: visitor.credentials },
  } satisfies Record<string, Target>
}

/** Gives the person this many tasks; returns the first, which is pending. */
async function give(count: number, person: Person, server: Server, database: BenchDatabase): Promise<Task> {
  const models = await createModels(server, person)
  await multiply(database, models, count / models.length - 1)
  return models[0] as Task
}

/** The same with If-Match. It changes nothing from the second time on, as without: a new version would be a new request. */
async function versionOf(change: Target): Promise<Target> {
  const etag = (await ask(change)).headers.get('etag') as string
  return { ...change, headers: { ...change.headers, 'if-match': etag } }
}

/** By a client whose copy is current. */
async function afterSync(sync: Target): Promise<Target> {
  for (let path = sync.path; ; ) {
    const page = (await (await ask({ ...sync, path })).json()) as { sync_token: string; has_more: boolean }
    path = `/sync?sync_token=${page.sync_token}`
    if (!page.has_more) return { ...sync, path }
  }
}

/** The list again, by a client that has it already. */
async function unchangedOf(list: Target): Promise<Target> {
  const etag = (await ask(list)).headers.get('etag') as string
  return { ...list, headers: { ...list.headers, 'if-none-match': etag }, status: 304 }
}
