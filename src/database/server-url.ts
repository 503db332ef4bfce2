/** The address of a database server and how to connect to it, from the forms of URL that people paste. */
import { readFileSync } from 'node:fs'

/** As libpq has them: `allow` and `prefer` take what the server offers, `require` checks no certificate. */
export const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type TlsMode = (typeof tlsModes)[number]

export interface Server {
  /** A host name or an address; where it starts with `/`, a Unix socket: its folder for PostgreSQL, its path for MySQL. */
  readonly host: string
  readonly port?: number
  readonly user?: string
  readonly password?: string
  readonly database: string
  readonly tlsMode?: TlsMode
  /** Text of PEM files. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly tlsNegotiation?: 'postgres' | 'direct'
  readonly connectSeconds?: number
  readonly keepAlive?: boolean
  readonly applicationName?: string
  /** PostgreSQL's command line options for the session. */
  readonly options?: string
  /** Whether a pooler such as PgBouncer gives each transaction another session; unset, the driver finds out. */
  readonly isPooled?: boolean
}

/** A parameter of the URL: the values it takes, in words, and what a value sets. Undefined: the value is refused. */
interface Parameter {
  readonly allowed: string
  readonly read: (value: string) => Partial<Server> | undefined
}
type Parameters = Record<string, Parameter>

class Refusal extends Error {}

/**
 * Reads the URL of a PostgreSQL or MySQL server. Throws an Error whose message completes "DATABASE_URL …" and quotes
 * no part of the URL but the names of parameters.
 */
export function parseServerUrl(url: string, dialect: 'postgresql' | 'mysql'): Server {
  const { hostname, port, username, password, pathname, search, hash } = parsed(url)
  // Unescaped, # or ? in a password ends the host early, and what follows must not be quoted.
  if (hash !== '' || search.includes('@')) throw new Refusal(`is not a valid URL; ${escaping}`)
  const path: Partial<Server> = {
    ...(hostname !== '' && hostname !== '.' && { host: unbracketed(decoded(hostname)) }),
    ...(port !== '' && { port: Number(port) }),
    ...(username !== '' && { user: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
    ...(pathname.length > 1 && { database: decoded(pathname.slice(1)) }),
  }
  const { host, database, ...others } = { ...path, ...readParameters(search, parametersOf[dialect]) }
  if (!host || !database) throw new Refusal('must name a host and a database')
  if (host.includes(',')) throw new Refusal('names several hosts; name one')
  return { host, database, ...others }
}

const escaping = 'in a user name or password, write % as %25, / as %2F, # as %23, ? as %3F, @ as %40 and : as %3A'

function parsed(url: string): URL {
  // WHATWG URLs have no user without a host; a socket's URL may.
  const withHost = url.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?:])/, '$1.')
  const parsed = URL.parse(withHost)
  if (parsed === null || !url.includes('://')) throw new Refusal(`is not a valid URL; ${escaping}`)
  return parsed
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(`has a % without two hexadecimal digits after it; ${escaping}`)
  }
}

const unbracketed = (host: string) => host.replace(/^\[(.*)\]$/, '$1')

function readParameters(search: string, known: Parameters): Partial<Server> {
  const settings: Partial<Server> = {}
  const pairs = search.slice(1).split('&').filter(Boolean)
  for (const pair of pairs) {
    const [name, value] = pair.split(/=(.*)/s, 2).map((part) => decoded(part.replaceAll('+', ' ')))
    const parameter = Object.hasOwn(known, name!) ? known[name!] : undefined
    if (parameter === undefined) {
      throw new Refusal(`has the unknown parameter ${printable(name!)}; known are ${Object.keys(known).join(', ')}`)
    }
    const read = parameter.read(value ?? '')
    if (read === undefined)
      throw new Refusal(`has a value of the parameter ${name} that is not one of: ${parameter.allowed}`)
    Object.assign(settings, read)
  }
  return settings
}

const printable = (name: string) => JSON.stringify(name.slice(0, 40))

const text = (allowed: string, read: (value: string) => Partial<Server>): Parameter => ({
  allowed,
  read: (value) => (value === '' ? undefined : read(value)),
})

const words = (byWord: Record<string, Partial<Server>>): Parameter => ({
  allowed: Object.keys(byWord).join(', '),
  read: (value) => byWord[Object.keys(byWord).find((word) => word.toLowerCase() === value.toLowerCase()) ?? ''],
})

/** Values that ask for what happens in any case. */
const only = (...values: string[]) => words(Object.fromEntries(values.map((value) => [value, {}])))

const number = (least: number, most: number, read: (value: number) => Partial<Server>): Parameter => ({
  allowed: `a number from ${least} to ${most}`,
  read: (value) =>
    /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most ? read(Number(value)) : undefined,
})

const file = (read: (pem: string) => Partial<Server>): Parameter => ({
  allowed: 'the path of a PEM file that can be read',
  read(path) {
    try {
      return read(readFileSync(path, 'utf8'))
    } catch {
      return undefined
    }
  },
})

const modes = Object.fromEntries(tlsModes.map((tlsMode) => [tlsMode, { tlsMode }]))
const verified = { tlsMode: 'verify-full' } as const
const plain = { tlsMode: 'disable' } as const

const caFile = file((ca) => ({ ca }))
const certFile = file((cert) => ({ cert }))
const keyFile = file((key) => ({ key }))

const address = {
  host: text('a host, or the absolute path of a Unix socket', (host) => ({ host })),
  port: number(1, 65_535, (port) => ({ port })),
  user: text('a name', (user) => ({ user })),
  password: text('a password', (password) => ({ password })),
  connect_timeout: number(1, 300, (connectSeconds) => ({ connectSeconds })),
}

const postgresql: Parameters = {
  ...address,
  dbname: text('a name', (database) => ({ database })),
  // node-postgres' own no-verify is libpq's require.
  sslmode: words({ ...modes, 'no-verify': { tlsMode: 'require' } }),
  ssl: words({ ...modes, true: verified, 1: verified, false: plain, 0: plain }),
  sslrootcert: caFile,
  sslcert: certFile,
  sslkey: keyFile,
  sslnegotiation: words({ postgres: { tlsNegotiation: 'postgres' }, direct: { tlsNegotiation: 'direct' } }),
  channel_binding: only('prefer', 'disable'),
  gssencmode: only('prefer', 'disable'),
  target_session_attrs: only('any', 'read-write', 'primary'),
  client_encoding: only('utf8', 'utf-8', 'auto'),
  application_name: text('a name', (applicationName) => ({ applicationName })),
  options: text('options of the session, such as -c work_mem=8MB', (options) => ({ options })),
  keepalives: words({ 1: { keepAlive: true }, 0: { keepAlive: false } }),
  uselibpqcompat: only('true'),
  schema: only('public'),
  // The names of Prisma, asyncpg and SQLAlchemy.
  pgbouncer: words({ true: { isPooled: true }, false: { isPooled: false } }),
  statement_cache_size: words({ 0: { isPooled: true } }),
  prepared_statement_cache_size: words({ 0: { isPooled: true } }),
}

const mysqlModes = words({
  DISABLED: plain,
  PREFERRED: { tlsMode: 'prefer' },
  REQUIRED: { tlsMode: 'require' },
  VERIFY_CA: { tlsMode: 'verify-ca' },
  VERIFY_IDENTITY: verified,
  ...modes,
})
const socket = text('the absolute path of a Unix socket', (host) => ({ host }))

const mysql: Parameters = {
  ...address,
  unix_socket: socket,
  socket,
  socketPath: socket,
  'ssl-mode': mysqlModes,
  ssl_mode: mysqlModes,
  sslMode: mysqlModes,
  sslmode: mysqlModes,
  ssl: words({
    true: verified,
    false: plain,
    '{"rejectUnauthorized":true}': { tlsMode: 'verify-ca' },
    '{"rejectUnauthorized":false}': { tlsMode: 'require' },
  }),
  ssl_disabled: words({ true: plain, false: {} }),
  ssl_verify_cert: words({ true: { tlsMode: 'verify-ca' }, false: {} }),
  ssl_verify_identity: words({ true: verified, false: {} }),
  'ssl-ca': caFile,
  ssl_ca: caFile,
  'ssl-cert': certFile,
  ssl_cert: certFile,
  'ssl-key': keyFile,
  ssl_key: keyFile,
  charset: only('utf8mb4'),
}

const parametersOf = { postgresql, mysql }
