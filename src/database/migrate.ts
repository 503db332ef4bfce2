/** `npm run db:migrate`: applies the pending migrations to DATABASE_URL. Needs nothing but production dependencies. */
import { existsSync } from 'node:fs'
import { connect } from './connect.ts'
import { DatabaseUnavailable } from './database.ts'
import { QueryFailed } from './driver.ts'

if (existsSync('.env')) process.loadEnvFile('.env')

try {
  const db = await connect(process.env.DATABASE_URL ?? 'sqlite:///./task.db')
  try {
    const applied = await db.migrate()
    process.stdout.write(applied.map((name) => `applied ${name}\n`).join('') || 'nothing to apply\n')
  } finally {
    await db.close()
  }
} catch (error) {
  const isOfServer = error instanceof DatabaseUnavailable || error instanceof QueryFailed
  const where = isOfServer ? 'the database of DATABASE_URL is not there or refused: ' : ''
  process.stderr.write(`db:migrate failed: ${where}${(error as Error).message}\n`)
  process.exitCode = 1
}
