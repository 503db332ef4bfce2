import { and, gt, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Database, Entity } from '../database/database.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Rows deleted by one statement: a backlog of millions would take longer than a statement may. */
const batchLength = 1_000

/** At start and every hour, deletes what has expired. Several instances at once do each other no harm. */
export const housekeeping = fp(
  async function housekeeping(app: FastifyInstance, { config }: { config: Config }) {
    let running = Promise.resolve()
    const start = () => {
      running = running.then(tidy)
    }
    const timer = setInterval(start, hourMs).unref()
    app.addHook('onReady', async () => start())
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await running
    })

    async function tidy() {
      try {
        await deleteExpired(app.db, Date.now(), config.auditDays)
      } catch (err) {
        app.log.warn({ err }, 'could not delete what has expired; the next try is in an hour')
      }
    }
  },
  { name: 'housekeeping', dependencies: ['database'] },
)

async function deleteExpired(db: Database, now: number, auditDays: number): Promise<void> {
  const { sessions, mailLinks, personalAccessTokens, auditEvents, users } = db.tables
  await deleteAll(db, sessions, lt(sessions.expiresAt, now))
  await deleteAll(db, mailLinks, lt(mailLinks.expiresAt, now))
  // The owner sees for a while what has expired.
  await deleteAll(db, personalAccessTokens, lt(personalAccessTokens.expiresAt, now - 30 * dayMs))
  await deleteAll(db, auditEvents, lt(auditEvents.createdAt, now - auditDays * dayMs))
  // What was recorded of an account while it was being deleted: nothing else keeps the id of one that is gone.
  const isOrphan = sql`${auditEvents.userId} not in (select id from ${users})`
  await deleteAll(
    db,
    auditEvents,
    and(gt(auditEvents.createdAt, now - dayMs), isNotNull(auditEvents.userId), isOrphan)!,
  )
}

async function deleteAll(db: Database, table: Entity, condition: SQL): Promise<void> {
  // MySQL takes no limit in a subquery, but in one more below it.
  const batch = sql`${table.id} in (select id from (select ${table.id} from ${table} where ${condition} limit ${sql.raw(`${batchLength}`)}) as batch)`
  while ((await db.delete(table, batch)) === batchLength);
}
