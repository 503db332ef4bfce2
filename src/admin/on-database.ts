import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Config, loadConfig } from '../config.ts'
import type { Database } from '../database/database.ts'
import { connect } from '../tables/connect.ts'

/** The settings of a command. These commands sign nothing: no key is needed. */
export const settings = (): Config => loadConfig({ ...process.env, SECRET_KEY: randomBytes(32).toString('hex') })

/** Opens the database of DATABASE_URL for a command, which needs it to be there and current. */
export async function onDatabase(work: (db: Database, config: Config) => Promise<void>): Promise<void> {
  const config = settings()
  const { dialect, location } = config.database
  if (dialect === 'sqlite' && !existsSync(location)) {
    throw new Error(`there is no database at ${location}: set DATABASE_URL, or create it with npm run db:migrate`)
  }
  const db = await connect(config.database)
  try {
    const pending = await db.pendingMigrations()
    if (pending.length > 0) throw new Error(`migrations are pending: ${pending.join(', ')}; run npm run db:migrate`)
    await work(db, config)
  } finally {
    await db.close()
  }
}

/** A line on standard output. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
