import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Task } from '../../src/tasks/schemas.ts'
import type { Answers } from './bare.ts'
import type { Target } from './load.ts'
import { fill, newTask, passwordHashOf, posted, register } from './people.ts'
import { startServer } from './servers.ts'

export interface Figure {
  readonly name: string
  /** For `--only`. */
  readonly key: string
  readonly ours: Target
  readonly base: Target
  /** What is compared: base / ours in CPU per request, or ours / base in requests per second. */
  readonly by: 'cpu' | 'rate'
  readonly floor?: number
  readonly goal: number
}

/** Starts the servers, brings the people and their tasks, and says what is measured on them. */
export async function prepareFigures(folder: string): Promise<Figure[]> {
  const file = join(folder, 'task.db')
  const server = await startServer('../../src/server.ts', folder, {
    NODE_ENV: 'production',
    // The limits count, but do not stop the load.
    RATE_LIMIT_MAX: '1000000000',
    LOGIN_RATE_LIMIT_MAX: '1000000000',
    SECRET_KEY: randomBytes(36).toString('base64url'),
    DATABASE_URL: `sqlite:///${file}`,
  })
  const reader = await register(server, 'reader')
  const hoarder = await register(server, 'hoarder')
  const writer = await register(server, 'writer')
  const visitor = await register(server, 'visitor') // whose logins end the sessions of nobody else

  const created = await posted<Task>(`${server.url}/tasks`, newTask, reader.headers)
  fill(file, hoarder, created, 1_000_000)
  fill(file, reader, created, 999)

  const one: Target = { server, path: `/tasks/${created.id}`, headers: reader.headers }
  const list: Target = { server, path: '/tasks?limit=50', headers: reader.headers }
  const hoard: Target = { server, path: '/tasks?limit=50', headers: hoarder.headers }
  const create: Target = { server, method: 'POST', path: '/tasks', headers: writer.headers, body: newTask }
  const login: Target = { server, method: 'POST', path: '/auth/login', body: visitor.credentials }

  const answers: Answers = {
    one: await textOf(one),
    list: await textOf(list),
    created: JSON.stringify(created),
    passwordHash: passwordHashOf(file, visitor),
  }
  const bare = await startServer('bare.ts', folder, { ANSWERS: JSON.stringify(answers) })
  const onBare = (target: Target): Target => ({ ...target, server: bare })

  return [
    { name: 'GET one', key: 'get', ours: one, base: onBare(one), by: 'cpu', floor: 0.25, goal: 0.75 },
    { name: 'list of 50', key: 'list', ours: list, base: onBare(list), by: 'cpu', floor: 0.22, goal: 0.5 },
    { name: 'POST', key: 'post', ours: create, base: onBare(create), by: 'cpu', floor: 0.2, goal: 0.4 },
    { name: 'list: 1,000,000 tasks / 1,000', key: 'million', ours: hoard, base: list, by: 'cpu', floor: 0.95, goal: 1 },
    { name: 'login / Argon2', key: 'login', ours: login, base: onBare(login), by: 'cpu', goal: 0.9 },
    {
      name: 'GET one in a login flood',
      key: 'flood',
      ours: { ...one, beside: login },
      base: one,
      by: 'rate',
      goal: 0.6,
    },
  ]
}

async function textOf({ server, path, headers }: Target): Promise<string> {
  const reply = await fetch(server.url + path, { headers: headers ?? {} })
  return reply.text()
}
