import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, RouteOptions } from 'fastify'
import { expect } from 'vitest'
import { json } from '../../src/app.ts'
import { changing } from '../../src/changes/change.ts'
import { PageQuery, page } from '../../src/http/paging.ts'
import { RouteNotFound } from '../../src/http/problems.ts'
import { failures, nothing, result } from '../../src/http/responses.ts'
import { IdParams } from '../../src/http/schemas.ts'
import { TaskNotFound } from '../../src/tasks/problems.ts'
import { NewTask, presentTask, Task } from '../../src/tasks/schemas.ts'
import { createTask, findTask } from '../../src/tasks/store.ts'
import { deleteTask } from '../../src/tasks/trash.ts'
import { test as base } from '../support/app.ts'
import { keepToDocument } from '../support/openapi.ts'
import { type App, bearer, type Walk, type World, world } from './walk.ts'
import {
  examplesWork,
  headsAreAsGets,
  inputIsStrict,
  otherMethodsAreNotAllowed,
  othersAreNotThere,
  strangersAreRefused,
} from './walks.ts'

const closed = { additionalProperties: false }
const { title, description, status } = NewTask.properties
const fields = { title, description, status }
const AnyTask = Type.Object(Task.properties, closed)

const allAreRefused = (world: World) => strangersAreRefused(world, [])

const task: Task = {
  id: 1,
  etag: '"1-1-a"',
  title: 'Wrong',
  description: null,
  status: 'pending',
  user_id: 1,
  project_id: 1,
  parent_id: null,
  priority: 'none',
  due: null,
  due_at: null,
  start: null,
  estimated_minutes: null,
  labels: [],
  recurrence: null,
  is_recurring: false,
  reminders: [],
  position: 'a0',
  created_at: '2026-01-31T09:00:00.000Z',
  updated_at: '2026-01-31T09:00:00.000Z',
  completed_at: null,
  deleted_at: null,
}

const answering = (handler: (reply: FastifyReply) => unknown): Partial<RouteOptions> => ({
  handler: (_request, reply) => handler(reply),
})

/** Past the serializer, which leaves out what is not documented. */
const unserialized = (reply: FastifyReply, body: unknown) =>
  reply.type('application/json').serializer(JSON.stringify).send(body)

interface Fault {
  fault: string
  routes: Routes
  walk: (world: World) => Promise<Walk>
  finding: string
}

const faults: Fault[] = [
  {
    fault: 'answers a status that is not documented',
    routes: { list: answering((reply) => reply.code(202).send([])) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 202, which is not documented',
  },
  {
    fault: 'answers a field that is not documented',
    routes: { list: answering((reply) => unserialized(reply, [{ ...task, secret: 1 }])) },
    walk: examplesWork,
    finding:
      'list: GET /wrong answered 200, body/0 must NOT have additional properties {"additionalProperty":"secret"}',
  },
  {
    fault: 'answers a type that is not documented',
    routes: { list: answering((reply) => unserialized(reply, [{ ...task, id: '1' }])) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 200, body/0/id must be integer {"type":"integer"}',
  },
  {
    fault: 'answers a time that is none',
    routes: { list: answering((reply) => unserialized(reply, [{ ...task, created_at: 'yesterday' }])) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 200, body/0/created_at must match format "date-time" {"format":"date-time"}',
  },
  {
    fault: 'answers a content type that is not documented',
    routes: { list: answering((reply) => reply.type('text/html').send('<p>')) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 200, as text/html, which is not documented',
  },
  {
    fault: 'answers a problem that is not documented',
    routes: { read: answering(() => Promise.reject(new RouteNotFound())) },
    walk: examplesWork,
    finding: 'answered 404, as ROUTE_NOT_FOUND, which is not documented',
  },
  {
    fault: 'has a fault',
    routes: { list: answering(() => Promise.reject(new Error('a fault'))) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 500, which is a fault of the server',
  },
  {
    fault: 'sends a header that is not documented',
    routes: { list: answering((reply) => reply.header('x-secret', '1').send([])) },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 200, with the header x-secret, which is not documented',
  },
  {
    fault: 'documents a header that it does not send',
    routes: { list: { schema: { response: { 200: result(page(AnyTask), 'Tasks.', 'location') } } } },
    walk: examplesWork,
    finding: 'list: GET /wrong answered 200, without its header location',
  },
  {
    fault: 'sends a header that is not as documented',
    routes: { create: answering((reply) => reply.code(201).header('location', 'not a place').send(task)) },
    walk: examplesWork,
    finding: 'create: POST /wrong answered 201, location  must match format "uri-reference" {"format":"uri-reference"}',
  },
  {
    fault: 'refuses its own example',
    routes: { create: answering(() => Promise.reject(new TaskNotFound())) },
    walk: examplesWork,
    finding: 'create: POST /wrong answered 404, which is not documented',
  },
  {
    fault: 'makes nothing',
    routes: { create: answering(() => Promise.reject(new TaskNotFound())) },
    walk: othersAreNotThere,
    finding: 'read: POST /wrong makes no /wrong/{id}: it answers 404, not 201',
  },
  {
    fault: 'forgets to ask for a token',
    routes: { list: { schema: { security: [] } } },
    walk: allAreRefused,
    finding: 'list: documents no token',
  },
  {
    fault: 'is answered to strangers',
    routes: { list: { schema: { security: [] } } },
    walk: allAreRefused,
    finding: 'list: answers no token with 200',
  },
  {
    fault: 'looks at the input before the token',
    routes: { list: { schema: { security: [] } } },
    walk: allAreRefused,
    finding: 'list: answers garbage with 422',
  },
  {
    fault: "shows what is another's",
    routes: {
      read: { handler: async ({ params, server, user }) => presentTask(await anyones(server as App, params), user) },
    },
    walk: othersAreNotThere,
    finding: "read: answers what is another's with 200",
  },
  {
    fault: "tells what is another's from what is not there",
    routes: {
      read: {
        handler: async ({ params, server }) => {
          await anyones(server as App, params)
          throw new TaskNotFound({ detail: 'Not yours' })
        },
      },
    },
    walk: othersAreNotThere,
    finding: "read: tells what is another's from what is not there",
  },
  {
    fault: "changes what is another's",
    routes: {
      remove: {
        handler: async ({ params, server }) => {
          const { id } = await anyones(server as App, params)
          await server.db.deleteMany(server.db.tables.tasks, { id })
          throw new TaskNotFound()
        },
      },
    },
    walk: othersAreNotThere,
    finding: "remove: changes what is another's",
  },
  {
    fault: 'takes any field',
    routes: { create: { schema: { body: Type.Object(fields) } } },
    walk: inputIsStrict,
    finding: 'create: answers an unknown field (application/json) with 201',
  },
  {
    fault: 'takes any query',
    routes: { list: { schema: { querystring: Type.Object(PageQuery.properties) } } },
    walk: inputIsStrict,
    finding: 'list: answers an unknown query key unknown with 200',
  },
  {
    fault: 'takes what it says that it does not',
    routes: { list: { validatorCompiler: () => () => true } },
    walk: inputIsStrict,
    finding: 'list: answers limit=501 with 200',
  },
  {
    fault: 'writes before it has checked',
    routes: {
      create: {
        onRequest: async ({ server, user }) =>
          void (await changing(server.db, user, (change) => createTask(change, { title: task.title }))),
      },
    },
    walk: inputIsStrict,
    finding: 'create: changes what is stored, by an unknown query key unknown',
  },
  {
    fault: 'has a HEAD of its own',
    routes: {
      list: { exposeHeadRoute: false },
      head: { method: 'HEAD', url: '', schema: { hide: true }, handler: async () => '' },
    },
    walk: headsAreAsGets,
    finding: 'list: answers HEAD otherwise than GET',
  },
  {
    fault: 'is hidden from the document',
    routes: { hidden: { method: 'PUT', url: '', schema: { hide: true }, handler: async () => '' } },
    walk: otherMethodsAreNotAllowed,
    finding: 'list: answers PUT with 401',
  },
]

const test = base.extend('wrongWorld', { scope: 'file' }, async ({ buildTestApp, as }) => {
  const app = await buildTestApp({}, (app) =>
    app.register(async (door) => {
      await door.register(json)
      addRoutes(door, '/right', {})
      for (const [i, { routes }] of faults.entries()) addRoutes(door, `/wrong${i}`, routes)
    }),
  )
  return world(app, as)
})

test.for(faults.map((fault, i) => ({ ...fault, prefix: `/wrong${i}` })))(
  'a route that $fault is found',
  async ({ prefix, walk, finding }, { wrongWorld }) => {
    const { findings } = await walk(only(wrongWorld, prefix))

    const texts = findings.map((text) => text.replaceAll(prefix, '/wrong'))
    expect(texts).toEqual(expect.arrayContaining([expect.stringContaining(finding)]))
  },
)

const walks = [examplesWork, allAreRefused, othersAreNotThere, inputIsStrict, headsAreAsGets, otherMethodsAreNotAllowed]

test.for(walks.map((walk) => ({ walk, name: walk.name })))(
  'routes without a fault are not found by $name',
  async ({ walk }, { wrongWorld }) => {
    const { seen, findings } = await walk(only(wrongWorld, '/right'))

    expect(findings).toEqual([])
    expect(seen).not.toEqual([])
  },
)

test('an answer that is not documented fails the test that gets it', async ({ buildTestApp, as }) => {
  const { routes } = faults[0]!
  const app = keepToDocument(
    await buildTestApp({}, (app) =>
      app.register(async (door) => {
        await door.register(json)
        addRoutes(door, '/wrong', routes)
      }),
    ),
  )

  const answer = app.inject({ url: '/wrong', headers: await bearer(as('ann')) })

  await expect(answer).rejects.toThrow('GET /wrong answered 202, which is not documented')
})

type Routes = Record<string, Partial<RouteOptions>>

/** The right routes with these changes. */
function addRoutes(app: FastifyInstance, prefix: string, changes: Routes) {
  for (const [name, change] of Object.entries({ ...right, ...changes })) {
    const { url, schema, ...options } = { ...right[name], ...change } as RouteOptions
    app.route({ ...options, url: prefix + url, schema: { operationId: name, ...right[name]?.schema, ...schema } })
  }
}

/** The world of the routes below a prefix. */
function only({ api, ...world }: World, prefix: string): World {
  const operations = api.operations.filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`))
  return { ...world, api: { ...api, operations } }
}

/** Nothing is wrong with these: they do as those of tasks. */
const right: Routes = {
  list: {
    method: 'GET',
    url: '',
    schema: { querystring: PageQuery, response: { 200: result(page(AnyTask), 'Tasks.') } },
    handler: async () => [],
  },
  create: {
    method: 'POST',
    url: '',
    schema: {
      body: Type.Object(fields, closed),
      response: { 201: result(AnyTask, 'The task.', 'location') },
    },
    handler: async ({ server, user, body }, reply) => {
      const task = await changing(server.db, user, (change) => createTask(change, body as NewTask))
      return reply.code(201).header('location', `/wrong/${task.id}`).send(presentTask(task, user))
    },
  },
  read: {
    method: 'GET',
    url: '/:id',
    schema: { params: IdParams, response: { 200: result(AnyTask, 'The task.'), ...failures(TaskNotFound) } },
    handler: async ({ server, user, params }) => presentTask(await findTask(server.db, user.id, idOf(params)), user),
  },
  remove: {
    method: 'DELETE',
    url: '/:id',
    schema: { params: IdParams, response: { 204: nothing('Deleted.'), ...failures(TaskNotFound) } },
    handler: async ({ server, user, params }, reply) => {
      await changing(server.db, user, (change) => deleteTask(change, idOf(params), () => {}))
      return reply.code(204).send()
    },
  },
}

const idOf = (params: unknown) => (params as { id: number }).id

/** Finds a task whoever asks. */
async function anyones({ db }: App, params: unknown) {
  const task = await db.find(db.tables.tasks, { id: idOf(params) })
  if (!task) throw new TaskNotFound()
  return task
}
