import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { connect } from '../database/connect.ts'
import type { Database } from '../database/database.ts'
import { parseDatabaseUrl } from '../database/url.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
  }
}

interface Options {
  databaseUrl: string
  /** SQLite is migrated anyway. */
  migrateOnStart: boolean
}

async function openDatabase(app: FastifyInstance, { databaseUrl, migrateOnStart }: Options) {
  const db = await connect(databaseUrl, {
    onConnectionLost: (code) => app.log.warn({ code }, 'lost a connection to the database'),
  })
  app.addHook('onClose', () => db.close())

  if (migrateOnStart || parseDatabaseUrl(databaseUrl).dialect === 'sqlite') {
    const applied = await db.migrate()
    if (applied.length > 0) app.log.info({ applied }, 'migrated the database')
  }
  const pending = await db.pendingMigrations()
  if (pending.length > 0) {
    throw new Error(`migrations are pending: ${pending.join(', ')}; run npm run db:migrate, or set MIGRATE_ON_START`)
  }

  app.decorate('db', db)
}

export const database = fp(openDatabase, { name: 'database' })
