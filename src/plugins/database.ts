import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { connect } from '../tables/connect.ts'

declare module 'fastify' {
  interface FastifyInstance {
    db: Database
  }
}

/** The database, migrated or refused at start. */
async function openDatabase(app: FastifyInstance, { config }: { config: Config }) {
  const db = await connect(config.database, {
    onConnectionLost: (code) => app.log.warn({ code }, 'lost a connection to the database'),
    onGroupCommit: app.metrics?.observeGroupCommit,
  })
  app.addHook('onClose', () => db.close())

  await db.checkCharacters()
  if (config.migrateOnStart || config.database.dialect === 'sqlite') {
    const applied = await db.migrate()
    if (applied.length > 0) app.log.info({ applied }, 'migrated the database')
  }
  const pending = await db.pendingMigrations()
  if (pending.length > 0) {
    throw new Error(`migrations are pending: ${pending.join(', ')}; run npm run db:migrate, or set MIGRATE_ON_START`)
  }

  app.decorate('db', db)
}

export const database = fp(openDatabase, { name: 'database', dependencies: ['metrics'] })
