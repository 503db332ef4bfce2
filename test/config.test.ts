import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Environment, loadConfig } from '../src/config.ts'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const names = Object.keys(Environment.properties)

describe('.env.example', () => {
  const settings = parseEnv(read('.env.example').replaceAll(/^#(?=[A-Z_]+=)/gm, ''))

  test('lists every setting once, and no other', () => {
    const listed = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)

    expect(listed.sort()).toEqual([...names].sort())
  })

  test('has the defaults, so that nothing changes when it is uncommented', () => {
    expect(loadConfig(settings)).toEqual(loadConfig({}))
  })

  test('writes out every default', () => {
    for (const [name, { default: value }] of Object.entries(Environment.properties)) {
      expect([name, settings[name]]).toEqual([name, String(value ?? '')])
    }
  })

  test('changes nothing as it is', () => {
    expect(parseEnv(read('.env.example'))).toEqual({})
  })
})

test('the README names no setting that is not there', () => {
  const [, table = ''] = /\n## Settings\n(.*?)\n## /s.exec(read('README.md')) ?? []
  const named = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name)

  expect(named.length).toBeGreaterThan(5)
  expect(names).toEqual(expect.arrayContaining(named))
})

describe('the settings', () => {
  test('have defaults that a laptop can start with', () => {
    expect(loadConfig({})).toEqual({
      nodeEnv: 'development',
      host: '127.0.0.1',
      port: 8000,
      logLevel: 'info',
      database: { dialect: 'sqlite', location: resolve('task.db') },
      migrateOnStart: false,
      algorithm: 'HS256',
      accessTokenExpireMinutes: 60,
      tokenIssuer: 'task-management-api',
      tokenAudience: 'task-management-api',
      passwordMinLength: 8,
      registration: 'open',
      auditDays: 90,
      rateLimitMax: 600,
      loginRateLimitMax: 10,
      refreshRateLimitMax: 60,
      trustProxy: [],
      corsOrigins: [],
      docsEnabled: true,
    })
  })

  test('are converted from text', () => {
    const env = {
      PORT: ' 80 ',
      MIGRATE_ON_START: 'true',
      DOCS_ENABLED: 'false',
      CORS_ORIGINS: 'https://a.example , http://b:1',
    }

    expect(loadConfig(env)).toMatchObject({
      port: 80,
      migrateOnStart: true,
      docsEnabled: false,
      corsOrigins: ['https://a.example', 'http://b:1'],
    })
  })

  test('that are empty have their default', () => {
    expect(loadConfig(Object.fromEntries(names.map((name) => [name, ' '])))).toEqual(loadConfig({}))
  })

  test('do not depend on what else is in the environment', () => {
    expect(loadConfig({ PATH: '/bin', port: '1', PORTS: '2' })).toEqual(loadConfig({}))
  })

  const long = 'x'.repeat(32)
  const server = 'postgresql://ann:canary@127.0.0.1/task'

  test.for<[name: string, value: string, others?: Record<string, string>]>([
    ['NODE_ENV', 'staging'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80a'],
    ['PORT', '8e3'],
    ['PORT', '0x50'],
    ['PORT', '80.5'],
    ['LOG_LEVEL', 'loud'],
    ['ALGORITHM', 'none'],
    ['ALGORITHM', 'RS256'],
    ['ALGORITHM', 'hs256'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', '0'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', '43201'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', '1e2'],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', 'Infinity'],
    ['MIGRATE_ON_START', 'perhaps'],
    ['DOCS_ENABLED', '2'],
    ['DOCS_ENABLED', '1'],
    ['PASSWORD_MIN_LENGTH', '7'],
    ['PASSWORD_MIN_LENGTH', '65'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://*.example'],
    ['CORS_ORIGINS', 'https://a.example,'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['CORS_ORIGINS', 'a.example'],
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', 'file:///'],
    ['CORS_ORIGINS', 'https://user@a.example'],
    ['CORS_ORIGINS', 'https://a.example?x'],
    ['CORS_ORIGINS', 'https://a.example:99999'],
    ['CORS_ORIGINS', 'chrome-extension://*'],
    ['DATABASE_URL', 'oracle://ann:canary@127.0.0.1/task'],
    ['DATABASE_URL', 'postgresql://ann:canary@127.0.0.1'],
    ['DATABASE_URL', 'mysql://ann:canary@:99999/task'],
    ['DATABASE_URL', 'sqlite://host/task.db'],
    ['SECRET_KEY', '', { DATABASE_URL: server }],
    ['SECRET_KEY', 'canary', { NODE_ENV: 'production' }],
    ['SECRET_KEY', long.slice(1), { NODE_ENV: 'production' }],
    ['SECRET_KEY', 'canary', { NODE_ENV: 'production', DATABASE_URL: server }],
  ])('that cannot be used are named, and no secret is: %s=%s', ([name, value, others]) => {
    const load = () => loadConfig({ ...others, [name]: value })

    expect(load).toThrow(new RegExp(`^${name}\\b.{10,}$`))
    expect(load).not.toThrow(/canary/)
  })

  test('say what is allowed', () => {
    expect(() => loadConfig({ ALGORITHM: 'none' })).toThrow('ALGORITHM: must be one of HS256, HS384, HS512')
    expect(() => loadConfig({ PORT: '65536' })).toThrow(/65535/)
    expect(() => loadConfig({ CORS_ORIGINS: '*' })).toThrow(/exact origins/)
    expect(() => loadConfig({ DATABASE_URL: 'oracle:x' })).toThrow(/allowed: sqlite:\/\/\/relative\.db/)
    expect(() => loadConfig({ NODE_ENV: 'production', SECRET_KEY: 'x' })).toThrow(/at least 32 bytes.*openssl rand/)
  })

  test('may have a key of 32 bytes in production', () => {
    const shared = { NODE_ENV: 'production', DATABASE_URL: server }

    expect(loadConfig({ ...shared, SECRET_KEY: long }).secretKey).toBe(long)
    expect(loadConfig({ ...shared, SECRET_KEY: 'é'.repeat(16) }).secretKey).toBe('é'.repeat(16))
  })
})
