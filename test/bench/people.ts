import { randomBytes } from 'node:crypto'
import type { NewTask, Task, TaskStatus } from '../../src/tasks/schemas.ts'
import type { User } from '../../src/users/schemas.ts'
import type { Server } from './servers.ts'

export interface Person {
  readonly id: number
  readonly credentials: { email: string; password: string }
  readonly headers: Record<string, string>
}

const description = 'Two litres, the organic one. The shop at the corner closes at eight, the other one at ten.'
export const newTask: NewTask = { title: 'Buy milk and bread for the weekend', description, status: 'pending' }

/** A person's tasks are copies of one task of each of these, in this order. */
const statuses: readonly TaskStatus[] = ['pending', 'in_progress', 'completed', 'cancelled']

export async function register({ url }: Server, name: string): Promise<Person> {
  const credentials = { email: `${name}@example.org`, password: randomBytes(18).toString('base64url') }
  const { id } = await posted<User>(`${url}/auth/register`, credentials)
  const { access_token } = await posted<{ access_token: string }>(`${url}/auth/login`, credentials)
  return { id, credentials, headers: { authorization: `Bearer ${access_token}` } }
}

/** Creates a task of each status for the person, by the API. */
export async function createModels({ url }: Server, { headers }: Person): Promise<Task[]> {
  const models: Task[] = []
  for (const status of statuses) models.push(await posted<Task>(`${url}/tasks`, { ...newTask, status }, headers))
  return models
}

async function posted<Answer>(url: string, body: object, headers = {}): Promise<Answer> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`POST ${url}: ${reply.status} ${await reply.text()}`)
  return (await reply.json()) as Answer
}
