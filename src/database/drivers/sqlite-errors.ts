import Sqlite from 'better-sqlite3'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../database.ts'
import { QueryFailed } from '../driver.ts'
import { constraintOn } from '../uniques.ts'

const unavailable = /^SQLITE_(BUSY|LOCKED|IOERR|READONLY|CANTOPEN|PROTOCOL|NOMEM|CORRUPT|NOTADB)(_|$)/

/** Our error for SQLite's; any other is returned as it is. */
export function classified(error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error
  const { code } = error
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return new UniqueViolation(constraintOn(error.message.replace('UNIQUE constraint failed: ', '')))
  }
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return new ReferenceViolation(code)
  if (code === 'SQLITE_FULL') return new DatabaseFull(code)
  if (unavailable.test(code)) return new DatabaseUnavailable(code)
  return new QueryFailed(code)
}

export const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')
