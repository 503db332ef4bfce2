import pg from 'pg'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../database.ts'
import { QueryFailed } from '../driver.ts'
import { Retryable } from './retries.ts'

const unavailable = /^(08|40|53|57|58)|^25006$|^55P03$/
const deadlocks = new Set(['40001', '40P01'])
/** The statement was refused before it ran, because of what the session prepared earlier, or another session did. */
const stale = new Set(['0A000', '26000', '42P05'])

/** Our error for that of a query. Its message has the code alone: the server's own may quote what was sent. */
export function classified(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof DatabaseUnavailable) return error
  if (error instanceof TypeError) return new QueryFailed(error.name)
  if (!(error instanceof pg.DatabaseError)) return new DatabaseUnavailable(code)
  if (code === '23505') return new UniqueViolation(error.constraint ?? code)
  if (code === '23503') return new ReferenceViolation(error.constraint)
  if (code === '53100') return new DatabaseFull(code)
  if (deadlocks.has(code) || stale.has(code)) return new Retryable(code)
  if (unavailable.test(code)) return new DatabaseUnavailable(code)
  return new QueryFailed([code, error.constraint].filter(Boolean).join(' '))
}

/** Why a connection was not made, in words: nothing has been sent that could be quoted. */
export function refusedConnection(error: unknown): DatabaseUnavailable {
  const { code, message } = error as { code?: string; message: string }
  return new DatabaseUnavailable(message || code || 'no answer from the server')
}

/** Whether the connection ended before the answer: the class of connection exceptions, and a server that stops. */
export const isLostConnection = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? /^08|^57P0[12]$/.test(codeOf(error))
    : !(error instanceof TypeError || error instanceof DatabaseUnavailable)

export const codeOf = (error: unknown): string => (error as { code?: string }).code ?? 'no answer from the server'
