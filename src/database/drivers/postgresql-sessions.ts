import pg from 'pg'
import type { Statement } from '../compile.ts'
import type { Server } from '../server-url.ts'
import { settledTls, tlsAttempts } from '../tls.ts'
import { codeOf } from './postgresql-errors.ts'

/** After this long without an answer the server counts as hung. */
export const answerMs = 5_000

// A pooler restores these two for each of its clients.
const formats = `set time zone 'UTC'; set datestyle = 'ISO'`

// The server's own limits end just before ours: a statement that nobody waits for does not go on.
const limits = {
  statement_timeout: '4900ms',
  lock_timeout: '4s',
  idle_in_transaction_session_timeout: '30s',
}
const limiting = (set: 'set' | 'set local') =>
  Object.entries(limits)
    .map(([name, value]) => `${set} ${name} = '${value}'`)
    .join('; ')

/**
 * Sessions with one server. A pooler such as PgBouncer in transaction mode gives each transaction another session of the
 * server's: nothing may then be prepared or set for longer than a transaction. It is found out by the number of the
 * session's process, which a pooler makes up, or by the first statement that misses what it prepared.
 */
export function sessionsOf(server: Server) {
  const base = configOf(server)
  let isPooled = server.isPooled ?? false
  /** Part of the names of prepared statements: a changed table makes all earlier ones useless. */
  let generation = 0

  const tls = settledTls(server.host.startsWith('/') ? [false] : tlsAttempts(server), async (ssl) => {
    const client = new pg.Client({ ...base, ssl })
    client.on('error', () => {})
    await client.connect()
    await client.end()
  })

  const nameOf = (name: string) => (isPooled ? {} : { name: `${name}.${generation}` })

  return {
    async config(): Promise<pg.ClientConfig> {
      const ssl = await tls()
      return ssl === undefined ? base : { ...base, ssl }
    },

    /** Sets a new connection up. */
    async begin(client: pg.ClientBase): Promise<void> {
      const results = (await client.query(`${formats}; select pg_backend_pid() as pid`)) as unknown as pg.QueryResult[]
      const { processID } = client as unknown as { processID: number }
      if (server.isPooled === undefined && results.at(-1)?.rows[0].pid !== processID) isPooled = true
      if (!isPooled) await client.query(limiting('set'))
    },

    get isPooled() {
      return isPooled
    },
    get beginTransaction() {
      return isPooled ? `begin; ${limiting('set local')}` : 'begin'
    },

    prepared: ({ name, sql }: Statement, values: unknown[]) =>
      ({ ...nameOf(name), text: sql, values, rowMode: 'array', types }) as const,

    /** Learns from a statement that failed, so that it succeeds when it runs again. */
    learn(error: unknown, name: string | undefined) {
      const code = codeOf(error)
      if (code === '0A000' && name?.endsWith(`.${generation}`)) generation++
      if (code === '26000' || code === '42P05' || code === '08P01') isPooled = true
    },
  }
}

function configOf(server: Server): pg.ClientConfig {
  const { host, port, user, password, database, applicationName, options, tlsNegotiation } = server
  return {
    host,
    database,
    connectionTimeoutMillis: server.connectSeconds === undefined ? answerMs : server.connectSeconds * 1000,
    keepAlive: server.keepAlive ?? true,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(applicationName !== undefined && { application_name: applicationName }),
    ...(options !== undefined && { options }),
    ...(tlsNegotiation !== undefined && { sslnegotiation: tlsNegotiation }),
  }
}

/** Numbers are numbers, as in the other databases; an instant's text is its column's to read. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return Number
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (text: string) => text
    return pg.types.getTypeParser(oid, format as 'text')
  },
}
