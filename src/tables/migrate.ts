/** `npm run db:migrate`: applies the pending migrations to DATABASE_URL. Needs nothing but production dependencies. */
import { existsSync } from 'node:fs'
import { DatabaseUnavailable } from '../database/database.ts'
import { QueryFailed } from '../database/driver.ts'
import { parseDatabaseUrl } from '../database/url.ts'
import { connect } from './connect.ts'

if (existsSync('.env')) process.loadEnvFile('.env')

try {
  const db = await connect(parseDatabaseUrl(process.env.DATABASE_URL ?? 'sqlite:///./task.db'))
  try {
    const applied = await db.migrate()
    process.stdout.write(applied.map((name) => `applied ${name}\n`).join('') || 'nothing to apply\n')
  } finally {
    await db.close()
  }
} catch (error) {
  const isOfServer = error instanceof DatabaseUnavailable || error instanceof QueryFailed
  const where = isOfServer ? 'the database of DATABASE_URL is not available: ' : ''
  process.stderr.write(`db:migrate failed: ${where}${(error as Error).message}\n`)
  process.exitCode = 1
}
