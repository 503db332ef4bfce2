import type { ConnectionOptions, SslOptions } from 'mysql2/promise'
import type { Server } from '../server-url.ts'
import type { Tls } from '../tls.ts'

/** After this long without an answer the server counts as hung. */
export const answerMs = 5_000

export const session = [
  // Strict: nothing that does not fit is cut or changed in silence.
  `set session sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    time_zone = '+00:00', innodb_lock_wait_timeout = 4`,
  'set session transaction isolation level read committed',
]

export function optionsOf({ host, port, user, password, database, connectSeconds }: Server): ConnectionOptions {
  return {
    ...(host.startsWith('/') ? { socketPath: host } : { host }),
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    database,
    charset: 'UTF8MB4_BIN',
    connectTimeout: connectSeconds === undefined ? answerMs : connectSeconds * 1000,
  }
}

export function sslOf(tls: Tls | undefined): ConnectionOptions {
  if (!tls) return {}
  const { checkServerIdentity, ...options } = tls
  return { ssl: { ...options, verifyIdentity: checkServerIdentity === undefined } as SslOptions }
}
