/** The routes that are measured, as one writes them with Express and jsonwebtoken. */
import { createSecretKey } from 'node:crypto'
import express, { type NextFunction, type Request, type Response } from 'express'
import jwt, { type JwtPayload, type VerifyOptions } from 'jsonwebtoken'
import { openStore, readInput } from './store.ts'

const store = openStore(process.env.DATABASE_FILE as string)
const key = createSecretKey(process.env.SECRET_KEY as string, 'utf8')
const verification: VerifyOptions = {
  algorithms: ['HS256'],
  issuer: 'task-management-api',
  audience: 'task-management-api',
}

const app = express()
app.disable('x-powered-by')
app.get('/health/live', (_request, response) => void response.send('ok'))
app.use(express.json())
app.use('/tasks', authenticate)

app.get('/tasks', (request, response) => {
  const limit = Math.min(Number(request.query.limit ?? 100), 500)
  const { items, next } = store.listTasks(response.locals.user.id, limit, Number(request.query.cursor ?? 2 ** 53 - 1))
  if (next !== undefined) response.set('link', `</tasks?limit=${limit}&cursor=${next}>; rel="next"`)
  response.json(items)
})

app.post('/tasks', (request, response) => {
  const input = readInput(request.body, true)
  if (!input) return void response.status(422).json({ error: 'The task is not valid' })
  const task = store.createTask(response.locals.user.id, input)
  response.status(201).location(`/tasks/${task?.id}`).json(task)
})

app.get('/tasks/:id', (request, response) => {
  const task = store.findTask(response.locals.user.id, Number(request.params.id))
  if (!task) return void response.status(404).json({ error: 'Task not found' })
  response.json(task)
})

app.patch('/tasks/:id', (request, response) => {
  const input = readInput(request.body, false)
  if (!input) return void response.status(422).json({ error: 'The changes are not valid' })
  const task = store.changeTask(response.locals.user.id, Number(request.params.id), input)
  if (!task) return void response.status(404).json({ error: 'Task not found' })
  response.json(task)
})

app.listen(Number(process.env.PORT), '127.0.0.1')

function authenticate(request: Request, response: Response, next: NextFunction) {
  const user = userOf(request.get('authorization'))
  if (!user) return void response.status(401).json({ error: 'Not authenticated' })
  response.locals.user = user
  next()
}

function userOf(authorization = '') {
  try {
    const claims = jwt.verify(authorization.replace(/^Bearer /, ''), key, verification) as JwtPayload
    return store.userOfSession(Number(claims.sid), Number(claims.sub))
  } catch {
    return undefined
  }
}
