import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../database.ts'
import { QueryFailed } from '../driver.ts'
import { Retryable } from './retries.ts'

const full = new Set([1021, 1114])
const deadlocks = new Set([1205, 1213])
/** The server no longer knows what the connection prepared. */
export const forgotten = new Set([1243, 1615])
/** A table was changed by a migration since the transaction began. */
const changed = 1412
const unavailable = new Set([1030, 1040, 1041, 1053, 1129, 1203, 1226, 1290, 1317, 1792, 1836, 1927, 1969, 3024, 4031])

export type MysqlError = Error & { code?: string; errno?: number; sqlState?: string; fatal?: boolean }

export function classified(error: unknown): unknown {
  const { errno = 0 } = error as MysqlError
  const code = codeOf(error)
  if (error instanceof DatabaseUnavailable) return error
  if (error instanceof TypeError) return new QueryFailed(error.name)
  if (errno === 1062) return new UniqueViolation(violatedKey(error as MysqlError))
  if (errno === 1452) return new ReferenceViolation(code)
  if (full.has(errno)) return new DatabaseFull(code)
  if (deadlocks.has(errno) || forgotten.has(errno) || errno === changed) return new Retryable(code)
  if (unavailable.has(errno) || isLostConnection(error)) return new DatabaseUnavailable(code)
  return new QueryFailed(`${code} ${errno}`)
}

/** Only the message tells the key, last: Duplicate entry 'x' for key 'users_email_key', or 'users.users_email_key'. */
const violatedKey = ({ message }: MysqlError): string => /([^'.]+)'$/.exec(message)?.[1] ?? 'unknown'

const stopping = new Set([1053, 1927, 4031])

/** Whether the connection ended before the answer. */
export const isLostConnection = (error: unknown): boolean => {
  const { sqlState, fatal, errno = 0 } = error as MysqlError
  return !(error instanceof TypeError) && (sqlState === undefined || fatal === true || stopping.has(errno))
}

/** Why a connection was not made, in words: nothing has been sent that could be quoted. */
export function refusedConnection(error: unknown): DatabaseUnavailable {
  const { code, message } = error as MysqlError
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return new DatabaseUnavailable('the server does not support TLS')
  return new DatabaseUnavailable(message || code || 'no answer from the server')
}

export const codeOf = (error: unknown): string => (error as MysqlError).code ?? 'no answer from the server'
