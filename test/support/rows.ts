import { and, eq } from 'drizzle-orm'
import type { Database, Query } from '../../src/database/database.ts'

/** Every row of every table, with all columns, as text. */
export async function everyRow(db: Database): Promise<string> {
  const queries = Object.values(db.tables).map(
    (table): Query<unknown> =>
      ({ select }) =>
        select().from(table),
  )
  const rows = await Promise.all(queries.map((query) => db.all(query, {})))
  return rows.map((ofTable) => ofTable.map((row) => JSON.stringify(row)).sort()).join('\n')
}

/** A user's own rows, but for events, which others may cause. */
export async function rowsOf(db: Database, userId: number): Promise<string> {
  const { users, auditEvents: _, ...owned } = db.tables
  const rows = await Promise.all([
    db.find(users, { id: userId }),
    ...Object.values(owned)
      .filter((table) => 'userId' in table)
      .map((table) => {
        const query: Query<unknown> = ({ select }) =>
          select()
            .from(table)
            .where(and(eq(table.userId, userId)))
        return db.all(query, {})
      }),
  ])
  return JSON.stringify(rows)
}
