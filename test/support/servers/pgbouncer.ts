import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { findProgram } from './mysql.ts'
import { freePort, serverFolder, startServer } from './throwaway.ts'

export const pgbouncer = findProgram('pgbouncer')

/** A throwaway PgBouncer in front of a server, with two sessions for each database. */
export async function startPgbouncer(serverUrl: string, poolMode = 'transaction') {
  const { hostname, port: serverPort, username } = new URL(serverUrl)
  const folder = serverFolder('pgbouncer')
  const port = await freePort()
  const settings = join(folder, 'settings.ini')
  writeFileSync(join(folder, 'users.txt'), `"${username}" ""\n`)
  writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users.txt')}
pool_mode = ${poolMode}
default_pool_size = 2
`,
  )
  const url = Object.assign(new URL(serverUrl), { hostname: '127.0.0.1', port: `${port}` }).href
  const { end } = await startServer(
    { folder, prepare: ['true'], serve: [pgbouncer!, '-q', settings], stopSignal: 'SIGTERM' },
    async () => {
      const client = new pg.Client(url)
      await client.connect()
      await client.query('select 1')
      await client.end()
    },
  )
  return { url, [Symbol.asyncDispose]: end }
}
