import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { beginNewEpoch } from '../changes/epochs.ts'
import type { Config } from '../config.ts'
import type { DatabaseUrl } from '../database/url.ts'
import { connect } from '../tables/connect.ts'
import { dumpCommand, loadCommand } from './dumps.ts'
import { onDatabase, say, settings } from './on-database.ts'
import { copyOf, putInPlace, refuseExisting, sizeOf, withDraft } from './sqlite-files.ts'

/** The commands that back up and restore a whole database. */
export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .argument('<file>')
    .description('copy an SQLite database to a new file, while the server runs, and check the copy')
    .action((file: string) => backUp(settings(), resolve(file)))

  program
    .command('restore')
    .argument('<file>')
    .option('--replace', 'put the backup in the place of an existing database, which is kept under another name')
    .description('check a backup of SQLite, migrate it, and make it the database; stop the server first')
    .action((file: string, options: RestoreOptions) => restore(settings(), resolve(file), options))

  program
    .command('new-epoch')
    .description('after a database was restored by other means: refuse the ETags that were issued before')
    .action(() =>
      onDatabase(async (db) => {
        say(`began a new epoch for ${accounts(await beginNewEpoch(db, Date.now()))}: earlier ETags are refused`)
      }),
    )
}

async function backUp(config: Config, file: string): Promise<void> {
  const { dialect, location } = config.database
  if (dialect !== 'sqlite')
    throw new Error(`back up a database server with its own command: ${dumpCommand(config, file)}`)
  if (!existsSync(location)) throw new Error(`there is no database at ${location}: set DATABASE_URL`)
  refuseExisting(file)
  await withDraft(file, async (draft) => {
    await copyOf(location, draft)
    putInPlace(draft, file)
  })
  say(`backed up ${location} to ${file}: ${sizeOf(file)}, checked`)
  say(`it does not hold the secret key: keep ${keyOf(config)} too, so that access tokens stay valid`)
}

interface RestoreOptions {
  replace?: true
}

async function restore(config: Config, file: string, { replace }: RestoreOptions): Promise<void> {
  const { dialect, location } = config.database
  if (dialect !== 'sqlite') {
    throw new Error(
      `restore a database server with its own command, into an empty database: ${loadCommand(config, file)}; then run npm run admin -- new-epoch`,
    )
  }
  if (!existsSync(file)) throw new Error(`there is no file ${file}`)
  if (location === file) throw new Error(`${file} is the database itself`)
  if (location === ':memory:') throw new Error('DATABASE_URL must name a file')
  if (!replace) refuseExisting(location)
  await withDraft(location, async (draft) => {
    await copyOf(file, draft, { readonly: true })
    const count = await prepare({ dialect, location: draft })
    const kept = putInPlace(draft, location, replace)
    if (kept !== undefined) say(`kept the previous database as ${kept}`)
    say(`restored ${location} from ${file}: ${accounts(count)}, in a new epoch`)
  })
  say(`change the secret key (${keyOf(config)}) before you start the server: a token that was issued after the backup`)
  say('could otherwise open an account that is created later; clients get new tokens by refreshing')
}

/** Brings a copy up to date, and begins a new epoch in it. */
async function prepare(copy: DatabaseUrl): Promise<number> {
  const db = await connect(copy)
  try {
    await db.migrate()
    return await beginNewEpoch(db, Date.now())
  } finally {
    await db.close()
  }
}

const keyOf = ({ database: { location } }: Config) =>
  process.env.SECRET_KEY?.trim() ? 'SECRET_KEY' : `${location}.secret`

const accounts = (count: number) => (count === 1 ? '1 account' : `${count} accounts`)
