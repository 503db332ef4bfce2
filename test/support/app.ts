import { randomBytes } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { expect } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { NewTask, Task } from '../../src/tasks/schemas.ts'
import type { User } from '../../src/users/schemas.ts'
import { test as base } from './database.ts'
import { keepToDocument } from './openapi.ts'

export type App = Awaited<ReturnType<typeof buildApp>>
type Payload = InjectOptions['payload']
type Headers = Record<string, string>

const secretKey = randomBytes(36).toString('base64url')

/**
 * Tests on the app as production builds it, one for each file, through `app.inject`; each answer must be documented:
 * - `as(name)` is a person, who registers and logs in before the first request, once for each file;
 * - `anyone` sends no token;
 * - `buildTestApp(settings, prepare)` builds a further app on the same database, for other settings or a second
 *   instance; `prepare` may add to it before it is ready;
 * - `db` is the app's own.
 */
export const test = base
  .extend('buildTestApp', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const apps: App[] = []
    onCleanup(async () => {
      await Promise.all(apps.map((app) => app.close()))
    })
    return async (settings: Record<string, string> = {}, prepare: (app: App) => unknown = () => {}): Promise<App> => {
      const app = await buildApp(loadConfig({ ...settingsOn(databaseUrl), ...settings }))
      apps.push(app)
      await prepare(app)
      await app.ready()
      return app
    }
  })
  .extend('app', { scope: 'file' }, async ({ buildTestApp }) => keepToDocument(await buildTestApp()))
  .extend('db', { scope: 'file' }, ({ app }) => app.db)
  .extend('as', { scope: 'file' }, ({ app }) => people(app))
  .extend('anyone', { scope: 'file' }, ({ app }) => verbs(app))

const settingsOn = (databaseUrl: string) => ({
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: databaseUrl,
  MIGRATE_ON_START: 'true',
  SECRET_KEY: secretKey,
  // A file sends more than a person would; tests of limits set their own.
  RATE_LIMIT_MAX: '1000000000',
  LOGIN_RATE_LIMIT_MAX: '1000000000',
  REFRESH_RATE_LIMIT_MAX: '1000000000',
})

/** The people of an app by their names: the same name is the same person. */
export function people(app: App): (name: string) => Person {
  const known = new Map<string, Person>()
  return (name) => {
    const person = known.get(name) ?? meet(app, name)
    known.set(name, person)
    return person
  }
}

export type Person = ReturnType<typeof meet>

function meet(app: App, name: string) {
  const email = `${name}-${randomBytes(6).toString('hex')}@example.org`
  const password = randomBytes(18).toString('base64url')
  let entry: Promise<{ user: User; token: string }> | undefined
  const enter = () => (entry ??= registerAndLogIn(app, email, password))
  const own = verbs(app, async () => ({ authorization: `Bearer ${(await enter()).token}` }))

  return {
    ...own,
    email,
    password,
    get user() {
      return enter().then(({ user }) => user)
    },
    get token() {
      return enter().then(({ token }) => token)
    },
    async creates(task: NewTask): Promise<Task> {
      const reply = await own.post('/tasks', task)
      expect(reply.statusCode, reply.body).toBe(201)
      return reply.json()
    },
  }
}

async function registerAndLogIn(app: App, email: string, password: string): Promise<{ user: User; token: string }> {
  const { post } = verbs(app)
  const registration = await post('/auth/register', { email, password })
  expect(registration.statusCode, registration.body).toBe(201)
  const login = await post('/auth/login', { email, password })
  expect(login.statusCode, login.body).toBe(200)
  return { user: registration.json(), token: login.json().access_token }
}

function verbs(app: App, identify: () => Promise<Headers> = async () => ({})) {
  const verb = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') => {
    return async (url: string, payload?: Payload, headers?: Headers) =>
      app.inject({
        method,
        url,
        headers: { ...(await identify()), ...headers },
        ...(payload !== undefined && { payload }),
      })
  }
  return { get: verb('GET'), post: verb('POST'), put: verb('PUT'), patch: verb('PATCH'), delete: verb('DELETE') }
}
