import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseDatabaseUrl } from '../../src/database/url.ts'

test.each([
  ['sqlite:///./task.db', resolve('task.db')],
  ['sqlite:///task.db', resolve('task.db')],
  ['sqlite:////var/task.db', '/var/task.db'],
  ['sqlite+aiosqlite:///./task.db', resolve('task.db')],
  ['sqlite:task.db', resolve('task.db')],
  ['SQLITE:///task.db', resolve('task.db')],
  ['sqlite://', ':memory:'],
  ['sqlite:///:memory:', ':memory:'],
  ['sqlite::memory:', ':memory:'],
  ['file:./x.db', resolve('x.db')],
  ['file:x.db?cache=shared', resolve('x.db')],
  ['sqlite:///x.db?mode=rwc&check_same_thread=false', resolve('x.db')],
  ['data/my tasks.db', resolve('data/my tasks.db')],
  ['file:///var/a%20b.db', '/var/a b.db'],
  ['file::memory:', ':memory:'],
  ['./x.db', resolve('x.db')],
  ['/var/x.db', '/var/x.db'],
  [':memory:', ':memory:'],
])('%s is the SQLite database %s', (url, location) => {
  expect(parseDatabaseUrl(url)).toEqual({ dialect: 'sqlite', location })
})

const at = { host: 'h', database: 'd' }

test.each([
  ['postgres://u:p@h:5/d', { ...at, port: 5, user: 'u', password: 'p' }],
  ['postgresql://h/d', at],
  ['postgresql://[::1]:5433/d', { host: '::1', port: 5433, database: 'd' }],
  ['postgresql://u:a%40b%25c%2F@h/a%20b', { host: 'h', user: 'u', password: 'a@b%c/', database: 'a b' }],
  ['postgresql://u:a@b@h/d', { ...at, user: 'u', password: 'a@b' }],
  ['postgresql+asyncpg://u@h/d?ssl=require', { ...at, user: 'u', tlsMode: 'require' }],
  ['postgresql://h/d?ssl=true', { ...at, tlsMode: 'verify-full' }],
  ['postgresql://h/d?ssl=false', { ...at, tlsMode: 'disable' }],
  ...['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'].map((tlsMode): [string, object] => [
    `postgresql://h/d?sslmode=${tlsMode}`,
    { ...at, tlsMode },
  ]),
  ['postgresql://h/d?sslmode=no-verify', { ...at, tlsMode: 'require' }],
  ['postgresql://h/d?sslnegotiation=direct', { ...at, tlsNegotiation: 'direct' }],
  ['postgresql:///d?host=/run/postgresql&port=6432', { host: '/run/postgresql', port: 6432, database: 'd' }],
  ['postgresql://u@/d?host=/run/postgresql', { host: '/run/postgresql', user: 'u', database: 'd' }],
  ['postgresql://%2Frun%2Fpostgresql/d', { host: '/run/postgresql', database: 'd' }],
  ['postgresql://h?dbname=d&user=u&password=p', { ...at, user: 'u', password: 'p' }],
  [
    'postgresql://h/d?application_name=tasks&options=-c%20jit%3Doff',
    { ...at, applicationName: 'tasks', options: '-c jit=off' },
  ],
  ['postgresql://h/d?connect_timeout=3&keepalives=0', { ...at, connectSeconds: 3, keepAlive: false }],
  ['postgresql://h/d?pgbouncer=true', { ...at, isPooled: true }],
  ['postgresql://h/d?prepared_statement_cache_size=0', { ...at, isPooled: true }],
  ['postgresql://h/d?target_session_attrs=read-write&channel_binding=prefer&schema=public', at],
])('%s is a PostgreSQL server', (url, server) => {
  expect(parseDatabaseUrl(url)).toEqual({
    dialect: 'postgresql',
    location: url.replace(/^[^:]+:/, 'postgresql:'),
    server,
  })
})

test.each([
  ['mysql://u@h/d', { ...at, user: 'u' }],
  ['mariadb+pymysql://u:p@h:3307/d?charset=utf8mb4', { ...at, port: 3307, user: 'u', password: 'p' }],
  ['mysql://h/d?ssl-mode=DISABLED', { ...at, tlsMode: 'disable' }],
  ['mysql://h/d?ssl-mode=PREFERRED', { ...at, tlsMode: 'prefer' }],
  ['mysql://h/d?ssl-mode=REQUIRED', { ...at, tlsMode: 'require' }],
  ['mysql://h/d?ssl_mode=verify_ca', { ...at, tlsMode: 'verify-ca' }],
  ['mysql://h/d?sslMode=VERIFY_IDENTITY', { ...at, tlsMode: 'verify-full' }],
  ['mysql://h/d?ssl={"rejectUnauthorized":true}', { ...at, tlsMode: 'verify-ca' }],
  ['mysql://u@/d?unix_socket=/run/mysqld.sock', { host: '/run/mysqld.sock', user: 'u', database: 'd' }],
  ['mysql://u@localhost/d?socket=/run/mysqld.sock', { host: '/run/mysqld.sock', user: 'u', database: 'd' }],
])('%s is a MySQL server', (url, server) => {
  expect(parseDatabaseUrl(url)).toEqual({ dialect: 'mysql', location: url.replace(/^[^:]+:/, 'mysql:'), server })
})

const escaping = /in a user name or password, write % as %25, .*allowed: sqlite:.*postgresql:.*mysql:/

test.each([
  ['oracle://u:secret@h/d', /known scheme.*allowed: sqlite:.*postgresql:.*mysql:/],
  ['sqlite://secret/x.db', /names a host, but SQLite has none/],
  ['postgres:secret', escaping],
  ['postgres://u:secret@h', /must name a host and a database/],
  ['mysql://u:secret@:0', /must name a host and a database/],
  ['file://secret:80/x', /not a valid file: URL/],
  ['sqlite:///%E0%A4secret', /%25/],
  ['postgres://u:100%secret@h/d', escaping],
  ['postgres://u:pa#secret@h/d', escaping],
  ['postgres://u:1#secret@h/d', escaping],
  ['postgres://u:1/2?secret@h/d', escaping],
  ['postgres://u:pa/secret@h/d', escaping],
  ['host=h user=u password=secret dbname=d', /neither a URL nor a plain path/],
  ["host='h' password='secret'", /neither a URL nor a plain path/],
  ['"postgresql://u:secret@h/d"', /quotes do not belong/],
  ["'sqlite:///secret.db'", /quotes do not belong/],
  ['u:secret@h/d', /neither a URL nor a plain path/],
  ['user:secret@tcp(h:3306)/db', /known scheme/],
  ['u:secret@tcp(h:3306)/db', /neither a URL nor a plain path/],
  ['postgresql://u:secret@a:1,b:2/d', escaping],
  ['postgresql://u:secret@a,b/d', /several hosts/],
  ['postgresql://u:secret@h/d?sslmod=require', /unknown parameter "sslmod"; known are .*sslmode/],
  ['postgresql://u:secret@h/d?toString=1', /unknown parameter "toString"/],
  ['postgresql://h/d?sslmode=secret', /parameter sslmode that is not one of: disable, allow, prefer, require/],
  ['postgresql://h/d?channel_binding=require', /parameter channel_binding that is not one of: prefer, disable/],
  ['postgresql://h/d?sslmode=verify-ca&sslrootcert=/nowhere/secret', /sslrootcert .* a PEM file that can be read/],
  ['mysql://h/d?ssl-mode=secret', /parameter ssl-mode that is not one of: DISABLED, PREFERRED, REQUIRED/],
  ['mysql://h/d?charset=latin1', /parameter charset that is not one of: utf8mb4/],
  ['mysql://h/d?serverVersion=8.0', /unknown parameter "serverVersion"/],
  ['sqlite:///x.db?mode=ro', /parameter mode that is not one of: rwc/],
  ['sqlite:///x.db?_journal_mode=DELETE', /unknown parameter "_journal_mode"/],
])('%s is refused, and the reason quotes nothing of it but the names of parameters', (url, reason) => {
  expect(() => parseDatabaseUrl(url)).toThrow(/^DATABASE_URL /)
  expect(() => parseDatabaseUrl(url)).toThrow(reason)
  expect(() => parseDatabaseUrl(url)).not.toThrow(/secret/)
})
