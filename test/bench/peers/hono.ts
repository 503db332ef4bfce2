/** The routes that are measured, as one writes them with Hono on Node and its own JWT middleware. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { jwt } from 'hono/jwt'
import { openStore, readInput } from './store.ts'

type Variables = { jwtPayload: { sid: string; sub: string }; userId: number }

const store = openStore(process.env.DATABASE_FILE as string)
const secret = new TextEncoder().encode(process.env.SECRET_KEY)
const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])

const authenticate = createMiddleware<{ Variables: Variables }>(async (c, next) => {
  const { sid, sub } = c.get('jwtPayload')
  const user = store.userOfSession(Number(sid), Number(sub))
  if (!user) return c.json({ error: 'Not authenticated' }, 401)
  c.set('userId', user.id)
  return next()
})

const tasks = new Hono<{ Variables: Variables }>()
tasks.use(
  jwt({
    secret: key,
    alg: 'HS256',
    verification: { iss: 'task-management-api', aud: 'task-management-api', typ: 'at+jwt' },
  }),
)
tasks.use(authenticate)

tasks.get('/', (c) => {
  const limit = Math.min(Number(c.req.query('limit') ?? 100), 500)
  const { items, next } = store.listTasks(c.get('userId'), limit, Number(c.req.query('cursor') ?? 2 ** 53 - 1))
  if (next !== undefined) c.header('link', `</tasks?limit=${limit}&cursor=${next}>; rel="next"`)
  return c.json(items)
})

tasks.post('/', async (c) => {
  const input = readInput(await c.req.json(), true)
  if (!input) return c.json({ error: 'The task is not valid' }, 422)
  const task = store.createTask(c.get('userId'), input)
  return c.json(task, 201, { location: `/tasks/${task?.id}` })
})

tasks.get('/:id', (c) => {
  const task = store.findTask(c.get('userId'), Number(c.req.param('id')))
  return task ? c.json(task) : c.json({ error: 'Task not found' }, 404)
})

tasks.patch('/:id', async (c) => {
  const input = readInput(await c.req.json(), false)
  if (!input) return c.json({ error: 'The changes are not valid' }, 422)
  const task = store.changeTask(c.get('userId'), Number(c.req.param('id')), input)
  return task ? c.json(task) : c.json({ error: 'Task not found' }, 404)
})

const app = new Hono()
app.get('/health/live', (c) => c.text('ok'))
app.route('/tasks', tasks)
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
