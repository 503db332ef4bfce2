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
  ['file:///var/a%20b.db', '/var/a b.db'],
  ['file::memory:', ':memory:'],
  ['./x.db', resolve('x.db')],
  ['/var/x.db', '/var/x.db'],
  [':memory:', ':memory:'],
])('%s is the SQLite database %s', (url, location) => {
  expect(parseDatabaseUrl(url)).toEqual({ dialect: 'sqlite', location })
})

test.each([
  ['postgres://u:p@h:5/d?sslmode=require', 'postgresql'],
  ['postgresql+asyncpg://u@h/d', 'postgresql'],
  ['mysql://u@h/d', 'mysql'],
  ['mariadb+pymysql://u@h/d', 'mysql'],
])('%s is a database of %s', (url, dialect) => {
  expect(parseDatabaseUrl(url)).toEqual({ dialect, location: url.replace(/^[^:]+:/, `${dialect}:`) })
})

test.each([
  'oracle://u:secret@h/d',
  'sqlite://secret/x.db',
  'postgres:secret',
  'postgres://u:secret@h',
  'mysql://u:secret@:0',
  'file://secret:80/x',
  'sqlite:///%E0%A4secret',
])('%s is refused by a line that names the setting and what is allowed, but quotes no password', (url) => {
  expect(() => parseDatabaseUrl(url)).toThrow(/^DATABASE_URL .*allowed: sqlite:.*postgresql:.*mysql:/)
  expect(() => parseDatabaseUrl(url)).not.toThrow(/secret/)
})
