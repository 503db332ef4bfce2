import { type SQL, sql } from 'drizzle-orm'
import type { Config } from '../config.ts'
import type { Database, Entity } from '../database/database.ts'

/**
 * Work that a domain has done when a server starts and every hour, such as deleting what has expired. Several instances
 * may do it at the same time.
 */
export type Chore = (db: Database, now: number, config: Config) => Promise<void>

export const dayMs = 86_400_000

/** Rows deleted by one statement: a backlog of millions would take longer than a statement may. */
const batchLength = 1_000

/** Deletes every row that meets the condition, one batch after another. */
export async function deleteInBatches(db: Database, table: Entity, condition: SQL): Promise<void> {
  // MySQL takes no limit in a subquery, but in one more below it.
  const batch = sql`${table.id} in (select id from (select ${table.id} from ${table} where ${condition} limit ${sql.raw(`${batchLength}`)}) as batch)`
  while ((await db.deleteMany(table, batch)) === batchLength);
}
