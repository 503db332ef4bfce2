import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execute } from '../support/sql.ts'
import type { Answer } from './bare.ts'
import type { BenchDatabase } from './databases.ts'
import { ask, type Target } from './load.ts'
import { startServer } from './servers.ts'

/** The same request to a bare server, which answers it as ours does. */
export async function bareOf(ours: Target, folder: string): Promise<Target> {
  const { method = 'GET', path, status = 200 } = ours
  const reply = await ask(ours)
  const text = await reply.text()
  const answer: Answer = {
    method,
    route: path.replace(/\?.*$/, '').replaceAll(/\/\d+/g, '/:id'),
    status,
    ...(text !== '' && { body: JSON.parse(text) }),
    ...(status === 304 && { etag: reply.headers.get('etag') as string }),
  }
  const file = join(folder, `${randomUUID()}.json`) // the environment is too small for some
  writeFileSync(file, JSON.stringify(answer))
  return { ...ours, server: await startServer('bare.ts', folder, { ANSWER_FILE: file }) }
}

/** The same login to a server that does nothing but verify the password. */
export async function argon2Of(login: Target, { url }: BenchDatabase, folder: string): Promise<Target> {
  const { email } = login.body as { email: string }
  const [row] = await execute(url, `select password_hash from users where email = '${email}'`)
  return { ...login, server: await startServer('argon2.ts', folder, { PASSWORD_HASH: String(row?.password_hash) }) }
}
