import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Dialect } from './url.ts'

export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
  /** Drizzle's journal table, which drizzle-kit shares, tells migrations apart by this date, in milliseconds. */
  readonly createdAt: number
  readonly hash: string
}

/** A dialect's migrations, oldest first. */
export function readMigrations(dialect: Dialect): Migration[] {
  const migrationsFolder = fileURLToPath(new URL(`../../drizzle/${dialect}`, import.meta.url))
  const journal: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8'),
  )
  return readMigrationFiles({ migrationsFolder }).map(({ sql, folderMillis, hash }, i) => ({
    name: journal.entries[i]!.tag,
    statements: sql,
    createdAt: folderMillis,
    hash,
  }))
}

/** Those whose date is not in the journal table. Not by hash: line endings differ between checkouts. */
export function pendingOf(migrations: Migration[], appliedDates: number[]): Migration[] {
  const applied = new Set(appliedDates)
  return migrations.filter(({ createdAt }) => !applied.has(createdAt))
}

export const namesOf = (migrations: Migration[]) => migrations.map(({ name }) => name)

/** How long a process waits for another that migrates. */
export const migrationLockSeconds = 30

/** A migration's statement failed; `code` is the driver's. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed'

  constructor(migration: Migration, statement: string, code: string, consequence: string) {
    const number = migration.statements.indexOf(statement) + 1
    const firstLine = statement.trim().split('\n', 1)[0]
    super(`migration ${migration.name} failed at statement ${number} (${firstLine}): ${code}. ${consequence}`)
  }
}
