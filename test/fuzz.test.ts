import { randomBytes, randomInt } from 'node:crypto'
import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { describe, expect } from 'vitest'
import { addAccount } from '../src/auth/store.ts'
import { createFeed } from '../src/calendars/store.ts'
import { changing } from '../src/changes/change.ts'
import { addComment } from '../src/comments/store.ts'
import { lookUpLatest } from '../src/completions/store.ts'
import { createLabel } from '../src/labels/store.ts'
import { createProject } from '../src/projects/store.ts'
import { openSession } from '../src/sessions/store.ts'
import { completeTask } from '../src/tasks/completing.ts'
import { createTask } from '../src/tasks/store.ts'
import { createToken } from '../src/tokens/store.ts'
import type { App, Person } from './support/app.ts'
import { type OpenApi, type Operation, openApi } from './support/openapi.ts'
import { badRequests, goodRequests, own, type Sent } from './support/requests.ts'
import { everyRow, rowsOf } from './support/rows.ts'
import { test as base } from './support/smtp.ts'

/** For each operation: FUZZ_RUNS=1000 looks longer, FUZZ_SEED repeats what failed. */
const runs = Number(process.env.FUZZ_RUNS ?? 6)
const seeds = [
  ['the same each time', 20_261_124],
  ['new each time', Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31))],
] as const
const timeout = 180_000 + runs * 5_000

const marker = `marker${randomBytes(8).toString('hex')}`

const test = base
  .extend('api', { scope: 'file' }, ({ app }) => openApi(app))
  /** Whose data nobody else may see or change. */
  .extend('bob', { scope: 'file' }, async ({ as }) => {
    const bob = as('bob')
    await bob.creates({ title: marker, description: marker })
    await bob.patch('/users/me', { display_name: marker })
    await bob.post('/users/me/tokens', { name: marker, scopes: ['tasks:read'] })
    return bob
  })

describe('every operation', { timeout }, () => {
  test.for(seeds)('refuses wrong requests and changes nothing: %s', async ([, seed], { app, api, as, bob }) => {
    const eve = await attacker(app, as('ann'))
    const before = await everyRow(app.db)

    await each(api, badRequests, seed, async (operation, request) => {
      const reply = await send(app, operation, request, eve)
      expectHarmless(api, operation, reply, bob)
      expect(reply.statusCode, reply.body).toBeGreaterThanOrEqual(400)
      expect(await everyRow(app.db)).toBe(before)
    })
  })

  test.for(seeds)(
    'answers right requests as documented, and touches nobody else: %s',
    async ([, seed], { app, api, as, bob }) => {
      const { id } = await bob.user
      const before = await rowsOf(app.db, id)
      const worked = new Set<string>()

      await each(api, goodRequests, seed, async (operation, request) => {
        const reply = await send(app, operation, request, await attacker(app, as('ann')))
        expectHarmless(api, operation, reply, bob)
        expect(await rowsOf(app.db, id)).toBe(before)
        if (reply.statusCode < 300) worked.add(operation.operationId)
      })

      const byMail = ['resetPassword', 'confirmEmailChange']
      const all = api.operations.map(({ operationId }) => operationId).filter((name) => !byMail.includes(name))
      if (seed === seeds[0][1]) expect(all.filter((name) => !worked.has(name))).toEqual([])
    },
  )

  test.for(seeds)('is reached by its path alone: %s', async ([, seed], { app, api }) => {
    const part = fc.oneof(
      fc.constantFrom(
        'tasks',
        'users',
        'me',
        'auth',
        'login',
        '1',
        '..%2F',
        '%2e%2e%2f',
        '%00',
        '%',
        '%zz',
        '*',
        ':id',
      ),
      fc.constantFrom(
        '.env',
        '.git',
        'src',
        '%FF',
        ';',
        '{id}',
        '__proto__',
        'docs',
        'static',
        'health',
        'x'.repeat(600),
      ),
      fc.string({ unit: 'binary', maxLength: 10 }).map((text) => encodeURIComponent(text)),
    )
    const request = fc.tuple(
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
      fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
    )

    await fc.assert(
      fc.asyncProperty(request, async ([method, url]) => {
        const reply = await app.inject({ method: method as 'GET', url })
        expect(reply.statusCode, reply.body).toBeLessThan(500)
        if (!isPublicPage(reply)) expect(api.faults(method, url, reply)).toEqual([])
      }),
      { seed, numRuns: runs * 20 },
    )
  })
})

/** The pages for people, of which the document says nothing. */
const isPublicPage = ({ statusCode, headers }: LightMyRequestResponse) =>
  statusCode < 400 && !String(headers['content-type']).startsWith('application/problem+json')

async function each(
  api: OpenApi,
  requests: typeof goodRequests,
  seed: number,
  check: (operation: Operation, request: Sent) => Promise<void>,
) {
  for (const operation of api.operations) {
    const property = fc.asyncProperty(requests(api, operation), (request) => check(operation, request))
    await fc.assert(property, { seed, numRuns: runs }).catch((error: Error) => {
      throw new Error(`${operation.operationId} (FUZZ_SEED=${seed}): ${error.message}`, { cause: error })
    })
  }
}

type Attacker = Awaited<ReturnType<typeof attacker>>

/** Somebody new, who may lose their account or its sessions; made by the stores, since Argon2 would take most of the time. */
async function attacker({ db, accessTokens, log }: App, { user, password }: Person) {
  const { tables } = db
  const { passwordHash } = (await db.find(tables.users, { id: (await user).id }))!
  const email = `eve-${randomBytes(6).toString('hex')}@example.org`
  const client = { address: '127.0.0.1', userAgent: null, log }
  const eve = await addAccount(db, email, passwordHash, client)
  const { session, refreshToken } = (await openSession(db, eve, client))!
  const { row } = await createToken(db, eve, { name: 'x', scopes: ['tasks:read'], expires_in_days: 90 }, client)
  const recurrence = { rrule: 'FREQ=DAILY', from: 'due' } as const
  const task = { title: 'x', due: { date: '2026-01-01' }, recurrence }
  const { id, projectId } = await changing(db, eve, (change) => createTask(change, task))
  await changing(db, eve, (change) => completeTask(change, id, {}, () => {}))
  const completion = (await lookUpLatest(db, eve.id, id))!
  const feed = await createFeed(db, eve.id, { name: 'x' })
  const comment = await changing(db, eve, (change) => addComment(change, id, { body: 'x' }))
  const project = await changing(db, eve, (change) => createProject(change, { name: 'x' }))
  const other = await changing(db, eve, (change) => createLabel(change, { name: 'y' }))
  const label = await changing(db, eve, (change) => createLabel(change, { name: 'x' }))
  return {
    projectId: String(projectId),
    labelId: String(other.id),
    ids: {
      tasks: id,
      projects: project.id,
      labels: label.id,
      comments: comment.id,
      'calendar-feeds': feed.row.id,
      sessions: session.id,
      tokens: row.id,
    },
    completionId: String(completion.id),
    email,
    password,
    refreshToken,
    token: accessTokens.issue(eve.id, session.id).token,
  }
}

async function send(app: App, { method, path, isOpen }: Operation, sent: Sent, eve: Attacker) {
  const kind = path.split('/{', 1)[0]!.split('/').at(-1) as keyof Attacker['ids']
  const id = sent.id === own.id ? String(eve.ids[kind]) : sent.id
  const body = typeof sent.body === 'string' ? withOwn(sent.body, eve) : sent.body
  return app.inject({
    method: method.toUpperCase() as 'GET',
    url:
      path.replace(/\{\w+\}/, () => id).replace(/\{\w+\}/, () => eve.completionId) +
      (sent.query && `?${withOwn(sent.query, eve)}`),
    headers: { ...(!isOpen && { authorization: `Bearer ${eve.token}` }), ...sent.headers },
    ...(body !== undefined && { payload: body }),
  })
}

/** In JSON and in a form. */
const withOwn = (body: string, { password, email, refreshToken, projectId, labelId, ids }: Attacker) =>
  [
    [own.password, password],
    [own.email, email],
    [own.refreshToken, refreshToken],
    [`"${own.projectId}"`, projectId],
    [own.projectId, projectId],
    [`"${own.labelId}"`, labelId],
    [`"${own.taskId}"`, String(ids.tasks)],
  ].reduce(
    (text, [name, value]) =>
      text.replaceAll(name!, value!).replaceAll(encodeURIComponent(name!), encodeURIComponent(value!)),
    body,
  )

const traces =
  /\n {4}at |node:internal|node_modules|file:\/\/|\/src\/|\.ts:\d|SQLITE_|\bER_|\b(select|SELECT) .+ (from|FROM) |insert into|\$argon2/

function expectHarmless(api: OpenApi, operation: Operation, reply: LightMyRequestResponse, bob: Person) {
  expect(reply.statusCode, reply.body).toBeLessThan(500)
  expect(api.faults(operation.method, reply.raw.req.url!, reply)).toEqual([])
  expect(reply.body).not.toMatch(traces)
  for (const secret of [marker, bob.email, bob.password]) expect(reply.body).not.toContain(secret)
}
