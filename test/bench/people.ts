import { randomBytes } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import type { Task } from '../../src/tasks/schemas.ts'
import type { User } from '../../src/users/schemas.ts'
import type { Server } from './servers.ts'

export interface Person {
  readonly id: number
  readonly credentials: { email: string; password: string }
  readonly headers: Record<string, string>
}

const description = 'Two litres, the organic one. The shop at the corner closes at eight, the other one at ten.'
export const newTask = { title: 'Buy milk and bread for the weekend', description, status: 'pending' }

export async function register({ url }: Server, name: string): Promise<Person> {
  const credentials = { email: `${name}@example.org`, password: randomBytes(18).toString('base64url') }
  const { id } = await posted<User>(`${url}/auth/register`, credentials)
  const { access_token } = await posted<{ access_token: string }>(`${url}/auth/login`, credentials)
  return { id, credentials, headers: { authorization: `Bearer ${access_token}` } }
}

export async function posted<Answer>(url: string, body: object, headers = {}): Promise<Answer> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`POST ${url}: ${reply.status} ${await reply.text()}`)
  return (await reply.json()) as Answer
}

/** Gives the person this many copies of the task, straight into the database. */
export function fill(file: string, { id }: Person, task: Task, count: number): void {
  const database = new Sqlite(file)
  database
    .prepare(`
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
      insert into tasks (user_id, title, description, status, created_at, updated_at)
      select ?, ?, ?, ?, ? + i, ? + i from n`)
    .run(count, id, task.title, task.description, task.status, Date.now(), Date.now())
  database.pragma('wal_checkpoint(truncate)')
  database.close()
}

export function passwordHashOf(file: string, { id }: Person): string {
  const database = new Sqlite(file, { readonly: true })
  const hash = database.prepare<[number], string>('select password_hash from users where id = ?').pluck().get(id)
  database.close()
  return hash as string
}
