import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseServerUrl, type Server } from './server-url.ts'

export type Dialect = 'sqlite' | 'postgresql' | 'mysql'

export type DatabaseUrl =
  /** A file name or `:memory:`. */
  | { readonly dialect: 'sqlite'; readonly location: string }
  /** The location is the URL, with the dialect for its scheme. */
  | { readonly dialect: 'postgresql' | 'mysql'; readonly location: string; readonly server: Server }

const schemes: Record<string, Dialect> = {
  sqlite: 'sqlite',
  file: 'sqlite',
  postgres: 'postgresql',
  postgresql: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
}

const allowed =
  'sqlite:///relative.db, sqlite:////absolute.db, file:relative.db, :memory:, ' +
  'postgresql://user:password@host:port/name or mysql://user:password@host:port/name'

/**
 * Reads DATABASE_URL. SQLite takes SQLAlchemy's form, file: URLs, plain paths and :memory:.
 * A driver named the SQLAlchemy way (postgresql+asyncpg://) is accepted and ignored.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const [, prefix, rest = ''] = /^([a-z][a-z0-9]+)(?:\+[a-z0-9]+)?:(.*)$/is.exec(url) ?? []
  if (prefix === undefined) return sqlite(plainPath(url))

  const scheme = prefix.toLowerCase()
  const dialect = schemes[scheme]
  if (dialect === undefined) throw refusal('does not start with a known scheme')
  if (dialect === 'sqlite') return sqlite(scheme === 'file' ? filePath(rest) : sqlitePath(rest))
  const location = `${dialect}:${rest}`
  try {
    return { dialect, location, server: parseServerUrl(location, dialect) }
  } catch (error) {
    throw refusal((error as Error).message)
  }
}

// The URL may hold a password: no message quotes it.
const refusal = (fault: string) => new Error(`DATABASE_URL ${fault}; allowed: ${allowed}`)

const sqlite = (path: string): DatabaseUrl => ({ dialect: 'sqlite', location: absolute(path) })

function absolute(path: string): string {
  if (path === '' || path === ':memory:') return ':memory:'
  return isAbsolute(path) ? path : resolve(path)
}

/** A quoted URL, libpq's `host=… password=…` or Go's `user:password@tcp(host)/name` is not a file: a message would print it. */
function plainPath(text: string): string {
  if (text === '' || text === ':memory:') return text
  const isPlain = /^(\.{0,2}[/\\]|[a-z]:[/\\])?[\p{L}\p{N}_.\-+, /\\]+$/iu.test(text)
  if (!isPlain) throw refusal('is neither a URL nor a plain path (quotes do not belong to it)')
  return text
}

/** sqlite:///x.db is relative, sqlite:////x.db absolute, sqlite:// in memory; sqlite:x.db is taken too. */
function sqlitePath(rest: string): string {
  const path = withoutParameters(rest)
  if (!path.startsWith('//')) return decoded(path)
  if (path !== '//' && !path.startsWith('///')) throw refusal('names a host, but SQLite has none')
  return decoded(path.slice(3))
}

/** file:./x.db is relative (WHATWG URLs would make it /x.db), file:///x.db absolute. */
function filePath(rest: string): string {
  const path = withoutParameters(rest)
  if (!path.startsWith('//')) return decoded(path)
  try {
    return fileURLToPath(`file:${path}`)
  } catch {
    throw refusal('is not a valid file: URL')
  }
}

/** Parameters that change nothing for one connection that reads and writes. */
const harmless: Record<string, readonly string[]> = {
  mode: ['rwc'],
  cache: ['private', 'shared'],
  uri: ['true'],
  check_same_thread: ['true', 'false'],
}

function withoutParameters(rest: string): string {
  const [path = '', search = ''] = rest.split(/\?(.*)/s, 2)
  for (const [name, value] of new URLSearchParams(search)) {
    const values = Object.hasOwn(harmless, name) ? harmless[name] : undefined
    if (values === undefined) throw refusal(`has the unknown parameter ${JSON.stringify(name.slice(0, 40))}`)
    if (!values.includes(value.toLowerCase())) {
      throw refusal(`has a value of the parameter ${name} that is not one of: ${values.join(', ')}`)
    }
  }
  return path
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw refusal('has a % without two hexadecimal digits after it; write % as %25')
  }
}
