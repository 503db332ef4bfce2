import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import Sqlite from 'better-sqlite3'

/** SQLite's own files beside a database in WAL mode. */
const companions = ['-wal', '-shm'] as const

/** Hands out the name of a file beside `file`, which only its owner can read; it is deleted at the end. */
export async function withDraft(file: string, work: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  createPrivate(draft)
  try {
    await work(draft)
  } finally {
    for (const name of [draft, ...companions.map((companion) => draft + companion)]) rmSync(name, { force: true })
  }
}

function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    throw new Error(`${file} cannot be created: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/**
 * Copies a database that others may be writing to, in one read transaction: a copy in several steps would begin again
 * whenever a server writes between two of them. The copy is one file, without a WAL, and is checked. Throws when it is
 * damaged, or not a database of this API. A reader of a database in WAL mode that is read-only leaves files beside it,
 * so that is for backups, which may be on a medium that cannot be written.
 */
export async function copyOf(source: string, draft: string, { readonly = false } = {}): Promise<void> {
  try {
    const from = new Sqlite(source, { readonly, fileMustExist: true })
    try {
      await from.backup(draft, { progress: () => 2 ** 31 - 1 })
    } finally {
      from.close()
    }
    check(draft)
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error
    throw new Error(`${source} cannot be copied: ${error.code}`)
  }
}

function check(file: string): void {
  const copy = new Sqlite(file)
  try {
    copy.pragma('journal_mode = DELETE')
    const [fault] = copy.pragma('integrity_check(1)') as { integrity_check: string }[]
    if (fault?.integrity_check !== 'ok') {
      throw new Error(`the copy is damaged: ${fault?.integrity_check.replaceAll('\n', ' ')}`)
    }
    if ((copy.pragma('foreign_key_check') as unknown[]).length > 0) {
      throw new Error('the copy is damaged: rows refer to rows that are not there')
    }
    const tables = copy.prepare<[], string>('select name from sqlite_master').pluck().all()
    if (!tables.includes('__drizzle_migrations') || !tables.includes('users')) {
      throw new Error('it is not a database of this API')
    }
  } finally {
    copy.close()
  }
}

/**
 * Renames a draft to its name. A database that is already there is refused, or with `replace` kept under another name,
 * which is returned; one that another process has open is always refused.
 */
export function putInPlace(draft: string, file: string, replace = false): string | undefined {
  const existing = [file, ...companions.map((companion) => file + companion)].filter((name) => existsSync(name))
  if (existing.length === 0) {
    renameSync(draft, file)
    return undefined
  }
  if (!replace) refuse(existing[0]!)
  const kept = `${file}.before-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  // Held until the end, so that no server opens the old database in the meantime.
  const lock = existing[0] === file ? lockAlone(file) : undefined
  try {
    for (const name of existing) if (existsSync(name)) renameSync(name, kept + name.slice(file.length))
    renameSync(draft, file)
  } finally {
    lock?.close()
  }
  return kept
}

/** Throws when the file is there: before the work, so that it is not done for nothing. */
export function refuseExisting(file: string): void {
  if (existsSync(file)) refuse(file)
}

function refuse(file: string): never {
  throw new Error(`${file} already exists`)
}

/** Leaving WAL mode takes a lock that no other open connection allows, and puts what is in the WAL into the file. */
function lockAlone(file: string): Sqlite.Database {
  const client = new Sqlite(file, { timeout: 1_000 })
  try {
    client.pragma('journal_mode = DELETE')
    client.exec('begin exclusive')
    return client
  } catch (error) {
    client.close()
    const isOpen = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')
    throw new Error(isOpen ? `a server has ${file} open: stop it first` : `${file} cannot be locked: ${error}`)
  }
}

export function sizeOf(file: string): string {
  const kilobytes = Math.ceil(statSync(file).size / 1_000)
  return kilobytes < 10_000 ? `${kilobytes} kB` : `${Math.round(kilobytes / 1_000)} MB`
}
