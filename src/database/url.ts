import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Dialect = 'sqlite' | 'postgresql' | 'mysql'

export interface DatabaseUrl {
  readonly dialect: Dialect
  /** A file name or `:memory:` for SQLite, otherwise a URL whose scheme is the dialect. */
  readonly location: string
}

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
  if (prefix === undefined) return sqlite(url)

  const scheme = prefix.toLowerCase()
  const dialect = schemes[scheme]
  if (dialect === undefined) throw refusal('does not start with a known scheme')
  if (dialect === 'sqlite') return sqlite(scheme === 'file' ? filePath(rest) : sqlitePath(rest))
  return { dialect, location: serverUrl(`${dialect}:${rest}`) }
}

// The URL may hold a password: no message quotes it.
const refusal = (fault: string) => new Error(`DATABASE_URL ${fault}; allowed: ${allowed}`)

function serverUrl(url: string): string {
  if (!URL.canParse(url)) throw refusal('is no valid URL')
  const { hostname, pathname } = new URL(url)
  if (hostname === '' || pathname.length < 2) throw refusal('must name a host and a database')
  return url
}

const sqlite = (path: string): DatabaseUrl => ({ dialect: 'sqlite', location: absolute(path) })

function absolute(path: string): string {
  if (path === '' || path === ':memory:') return ':memory:'
  return isAbsolute(path) ? path : resolve(path)
}

/** sqlite:///x.db is relative, sqlite:////x.db absolute, sqlite:// in memory; sqlite:x.db is taken too. */
function sqlitePath(rest: string): string {
  const path = withoutQuery(rest)
  if (!path.startsWith('//')) return decoded(path)
  if (path !== '//' && !path.startsWith('///')) throw refusal('names a host, which SQLite has not')
  return decoded(path.slice(3))
}

/** file:./x.db is relative (WHATWG URLs would make it /x.db), file:///x.db absolute. */
function filePath(rest: string): string {
  const path = withoutQuery(rest)
  if (!path.startsWith('//')) return decoded(path)
  try {
    return fileURLToPath(`file:${path}`)
  } catch {
    throw refusal('is no valid file: URL')
  }
}

const withoutQuery = (path: string) => path.split('?', 1)[0] ?? ''

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw refusal('has a malformed percent escape')
  }
}
