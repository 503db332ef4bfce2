import { randomBytes } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { addAccount } from '../../src/auth/store.ts'
import { loadConfig } from '../../src/config.ts'
import { hashPassword } from '../../src/credentials/passwords.ts'
import { openSession } from '../../src/sessions/store.ts'
import type { NewTask, Task } from '../../src/tasks/schemas.ts'
import { presentUser, type User } from '../../src/users/schemas.ts'
import { test as base } from './database.ts'
import { keepToDocument } from './openapi.ts'

export type App = Awaited<ReturnType<typeof buildApp>>
type Payload = InjectOptions['payload']
type Headers = Record<string, string>

const secretKey = randomBytes(36).toString('base64url')

/**
 * Tests on the app as production builds it, one for each file, through `app.inject`; each answer must be documented:
 * - `as(name)` is a person, who has an account and a session before the first request, once for each file;
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

/** Where `Link` of a page leads to the next one, as a client finds it from the URL that it asked. */
export function nextOf(url: string, { headers }: LightMyRequestResponse): string | undefined {
  const link = /^<([^>]+)>; rel="next"$/.exec(String(headers.link ?? ''))?.[1]
  if (link === undefined) return undefined
  const { pathname, search } = new URL(link, new URL(url, 'http://localhost'))
  return pathname + search
}

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
  const { password, hash } = passwords[peopleMet++ % passwords.length]!
  let entry: Promise<{ user: User; token: string }> | undefined
  const enter = () => (entry ??= hash().then((passwordHash) => enterAs(app, email, passwordHash)))
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

/** As registering and logging in leave them, but without the hashing, which was most of what a person cost. */
async function enterAs(app: App, email: string, passwordHash: string): Promise<{ user: User; token: string }> {
  const client = { address: '127.0.0.1', userAgent: 'lightMyRequest', log: app.log }
  const account = await addAccount(app.db, email, passwordHash, client)
  const opened = await openSession(app.db, account, client)
  const { token } = app.accessTokens.issue(account.id, opened!.session.id)
  return { user: presentUser(account), token }
}

/** The people take them by turns, so that each is hashed once and the people of a test have different ones. */
const passwords = Array.from({ length: 8 }, () => {
  const password = randomBytes(18).toString('base64url')
  let hashed: Promise<string> | undefined
  return { password, hash: () => (hashed ??= hashPassword(password)) }
})
let peopleMet = 0

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
