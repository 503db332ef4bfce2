import { readdirSync, readFileSync } from 'node:fs'
import { dialect } from './database.ts'
import { execute } from './sql.ts'

const folder = new URL('../database/releases/', import.meta.url)

/** The versions that were released with a schema of their own, oldest first. */
export const releases = readdirSync(folder).toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true }))

/** What made a database of a release, with rows in every table: frozen copies, which no later migration changes. */
export const statementsOf = (release: string): string[] =>
  readFileSync(new URL(`${release}/${dialect}.sql`, folder), 'utf8')
    .split('--> statement-breakpoint\n')
    .map((statement) => statement.trim())

/** Makes an empty database one of that release. */
export const makeDatabaseOf = (release: string, url: string) => execute(url, ...statementsOf(release))

/** The personal access token of ann@example.org in a database of a release. */
export const tokenOfAnn = `tma_${'x'.repeat(43)}`
