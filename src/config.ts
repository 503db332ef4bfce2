import { isIP } from 'node:net'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type DatabaseUrl, parseDatabaseUrl } from './database/url.ts'
import { normalizeEmail } from './values/emails.ts'
import { normalizeOrigin } from './values/origins.ts'

const oneOf = <const W extends readonly string[]>(words: W, options: { default: W[number]; description: string }) =>
  Type.Unsafe<W[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  )

const perMinute = (initial: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: initial, description })

/** Every setting, read from the environment. `.env.example` lists the same. */
export const Environment = Type.Object({
  NODE_ENV: oneOf(['production', 'development', 'test'], {
    default: 'development',
    description: 'production refuses a short SECRET_KEY',
  }),
  HOST: Type.String({ default: '127.0.0.1', description: 'address to listen on; 0.0.0.0 in a container' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8000, description: 'port to listen on' }),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'port of HOST where /metrics is served for Prometheus; none: no metrics',
    }),
  ),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'what to log; info has one line for each request, JSON or on a terminal readable text',
  }),
  DATABASE_URL: Type.String({
    default: 'sqlite:///./task.db',
    description: 'sqlite:///relative.db, sqlite:////absolute.db, postgresql://… or mysql://…',
  }),
  MIGRATE_ON_START: Type.Boolean({
    default: false,
    description: 'whether the server migrates a PostgreSQL or MySQL database at start (SQLite always does)',
  }),
  SECRET_KEY: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'signs access tokens; at least 32 bytes. On SQLite one is created at the first start',
    }),
  ),
  SECRET_KEY_PREVIOUS: Type.Optional(
    Type.String({ minLength: 1, description: 'still verifies tokens after SECRET_KEY was changed' }),
  ),
  ALGORITHM: oneOf(['HS256', 'HS384', 'HS512'], { default: 'HS256', description: 'signature of access tokens' }),
  ACCESS_TOKEN_EXPIRE_MINUTES: Type.Integer({
    minimum: 1,
    maximum: 43_200,
    default: 60,
    description: 'minutes an access token is valid',
  }),
  TOKEN_ISSUER: Type.String({ minLength: 1, default: 'task-management-api', description: 'iss of access tokens' }),
  TOKEN_AUDIENCE: Type.String({ minLength: 1, default: 'task-management-api', description: 'aud of access tokens' }),
  PASSWORD_MIN_LENGTH: Type.Integer({
    minimum: 8,
    maximum: 64,
    default: 8,
    description: 'characters a password has at least; NIST 800-63B-4 asks for 15 where it is the only factor',
  }),
  REGISTRATION: oneOf(['open', 'closed'], {
    default: 'open',
    description: 'closed: only npm run admin -- create-user makes accounts',
  }),
  AUDIT_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 90, description: 'days that audit events are kept' }),
  SMTP_URL: Type.Optional(
    Type.String({
      description: 'sends mail: smtp://user:password@host:587 or smtps://…; none: passwords cannot be reset by mail',
    }),
  ),
  MAIL_FROM: Type.Optional(Type.String({ description: 'sender of mail, with SMTP_URL: Tasks <tasks@example.org>' })),
  PUBLIC_URL: Type.Optional(
    Type.String({
      description: 'start of the links in mail, required with SMTP_URL: the address of your client',
    }),
  ),
  API_URL: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        'where clients reach this API, with its prefix: https://tasks.example.org/api. Links are absolute then',
    }),
  ),
  CORS_ORIGINS: Type.Array(Type.String(), {
    default: [],
    description:
      'exact origins of browser clients, separated by commas: https://tasks.example.org, capacitor://localhost; none: CORS is off',
  }),
  RATE_LIMIT_MAX: perMinute(600, 'requests a minute for a user; and for an address, those that fail to authenticate'),
  LOGIN_RATE_LIMIT_MAX: perMinute(10, 'failed logins, registrations and password changes a minute for an address'),
  REFRESH_RATE_LIMIT_MAX: perMinute(60, 'refreshes of tokens a minute for an address'),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://[^\\s]+$',
      description: 'redis://… or rediss://…, where several instances count requests together; none: each in its memory',
    }),
  ),
  TRUST_PROXY: Type.Array(Type.String(), {
    default: [],
    description:
      'number of proxies in front (1 to 10), or their addresses and CIDR ranges; none: no header is believed',
  }),
  DOCS_ENABLED: Type.Boolean({
    default: true,
    description: 'whether /docs, /openapi.json and /openapi.yaml are served',
  }),
})

type Environment = Static<typeof Environment>
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<S>

/** The settings by their TypeScript names: PORT is `port`; DATABASE_URL is `database`, taken apart. */
export type Config = { readonly [K in Exclude<keyof Environment, 'DATABASE_URL'> as Camel<K>]: Environment[K] } & {
  readonly database: DatabaseUrl
}

/** A setting that cannot be used; the message names it and says what is allowed. */
export class ConfigError extends Error {}

/** Reads the settings. Throws ConfigError. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const settings = Value.Default(Environment, read(env)) as Environment
  for (const { path, message, schema } of Value.Errors(Environment, settings)) {
    const name = path.split('/')[1] as keyof Environment
    const words = schema.anyOf?.map((word: { const: string }) => word.const).join(', ')
    const { description } = Environment.properties[name] // that of a list, for an item of it
    throw new ConfigError(`${name}: ${words ? `must be one of ${words}` : `${message} (${description})`}`)
  }
  settings.CORS_ORIGINS = settings.CORS_ORIGINS.map(originOf)
  const { DATABASE_URL, ...others } = settings
  const database = databaseOf(DATABASE_URL)
  checkSecretKey(settings, database.dialect !== 'sqlite')
  checkTrustProxy(settings)
  checkMail(settings)
  checkApiUrl(settings)
  const named = Object.entries(others).map(([name, value]) => [camel(name), value])
  return { ...Object.fromEntries(named), database }
}

/** The settings that are present, converted from text; an empty one counts as absent. */
function read(env: Record<string, string | undefined>) {
  const settings: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(Environment.properties)) {
    const text = env[name]?.trim()
    if (text) settings[name] = converted(schema, text)
  }
  return settings
}

function converted(schema: TSchema, text: string): unknown {
  if (schema.type === 'array') return text.split(/\s*,\s*/)
  if (schema.type === 'integer') return /^\d+$/.test(text) ? Number(text) : text // Convert would take 8e3 for 8
  if (schema.type === 'boolean') return { true: true, false: false }[text] ?? text
  return Value.Convert(schema, text)
}

function databaseOf(url: string): DatabaseUrl {
  try {
    return parseDatabaseUrl(url)
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

function checkSecretKey({ SECRET_KEY, NODE_ENV }: Environment, isShared: boolean) {
  if (SECRET_KEY === undefined && isShared) {
    throw new ConfigError(
      'SECRET_KEY: required with a database server, since every instance must have the same; `openssl rand -base64 48` makes one',
    )
  }
  if (SECRET_KEY !== undefined && isShortKey(SECRET_KEY) && NODE_ENV === 'production') {
    throw new ConfigError('SECRET_KEY: must have at least 32 bytes in production; `openssl rand -base64 48` makes one')
  }
}

function originOf(text: string): string {
  const origin = normalizeOrigin(text)
  if (origin !== undefined) return origin
  throw new ConfigError(
    `CORS_ORIGINS: ${JSON.stringify(text)} is not an origin; list exact origins, without a path or a wildcard, separated by commas (https://tasks.example.org, http://localhost:5173, capacitor://localhost)`,
  )
}

/** To trust every proxy, as `true` would, is to let each client choose its own address. */
function checkTrustProxy({ TRUST_PROXY: list }: Environment) {
  const isHopCount = list.length === 1 && /^([1-9]|10)$/.test(list[0] as string)
  if (isHopCount || list.every(isNetwork)) return
  throw new ConfigError(
    'TRUST_PROXY: must be how many proxies are in front (1 to 10), or their addresses or CIDR ranges, separated by commas (192.0.2.7, 10.0.0.0/8)',
  )
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const longest = { 0: 0, 4: 32, 6: 128 }[isIP(address)] as number
  return Number(bits ?? 1) <= longest
}

/** No message holds the URL itself: it has a password. */
function checkMail({ SMTP_URL, MAIL_FROM, PUBLIC_URL }: Environment) {
  if (SMTP_URL !== undefined && !isPlainUrl(SMTP_URL, ['smtp:', 'smtps:'], '/')) {
    throw new ConfigError(
      'SMTP_URL: must be smtp://user:password@host:587 or smtps://user:password@host:465, percent-encoded',
    )
  }
  if (MAIL_FROM === undefined ? SMTP_URL !== undefined : !isSender(MAIL_FROM)) {
    throw new ConfigError(
      'MAIL_FROM: must be an address, with or without a name, when SMTP_URL is set: Tasks <tasks@example.org>',
    )
  }
  if (PUBLIC_URL === undefined ? SMTP_URL !== undefined : !isPlainUrl(PUBLIC_URL, ['http:', 'https:'])) {
    throw new ConfigError(
      'PUBLIC_URL: must be an http or https URL without a query when SMTP_URL is set: https://tasks.example.org',
    )
  }
}

function checkApiUrl({ API_URL }: Environment) {
  if (API_URL === undefined || isPlainUrl(API_URL, ['http:', 'https:'])) return
  throw new ConfigError('API_URL: must be an http or https URL without a query: https://tasks.example.org/api')
}

function isPlainUrl(text: string, protocols: string[], path?: string): boolean {
  const url = URL.parse(text)
  if (!url || !protocols.includes(url.protocol) || url.hostname === '' || /[?#\s]/.test(text)) return false
  if (path === undefined) return url.username === '' && url.password === ''
  return url.pathname === '' || url.pathname === path
}

const isSender = (text: string) => normalizeEmail(/^[^<>\r\n]*<([^<>]+)>$/.exec(text)?.[1] ?? text) !== undefined

/** RFC 7518, section 3.2: a key as long as the hash, 32 bytes for HS256. */
export const isShortKey = (key: string) => Buffer.byteLength(key) < 32

const camel = (name: string) => name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
