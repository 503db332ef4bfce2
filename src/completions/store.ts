import { and, desc, eq, sql } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { Database, Query } from '../database/database.ts'
import { type Page, type PageQuery, readPage, readRows } from '../http/paging.ts'
import { CompletionNotFound } from './problems.ts'
import type { CompletionRow } from './table.ts'

type Done = Pick<CompletionRow, 'taskId' | 'dueKey' | 'dueZone' | 'completedAt' | 'outcome' | 'missed' | 'former'>

/** Notes what was done, in the transaction that does it. */
export async function recordCompletions({ tx, userId, seq }: Change, done: readonly Done[]): Promise<void> {
  await tx.insertMany(
    tx.tables.completions,
    done.map((each) => ({ ...each, userId, changeSeq: seq })),
  )
}

/** What was done last with a task. */
export const lookUpLatest = (db: Database, userId: number, taskId: number): Promise<CompletionRow | undefined> =>
  db.first(latest, { userId, taskId })

/** Whether an occurrence was completed or skipped before. */
export const isDone = async (db: Database, userId: number, taskId: number, dueKey: string): Promise<boolean> =>
  (await db.find(db.tables.completions, { userId, taskId, dueKey })) !== undefined

/** Throws CompletionNotFound. */
export async function findCompletion(db: Database, userId: number, taskId: number, id: number): Promise<CompletionRow> {
  const row = await db.find(db.tables.completions, { id, userId, taskId })
  if (row === undefined) throw new CompletionNotFound()
  return row
}

export const forgetCompletion = ({ tx, userId }: Change, id: number): Promise<number> =>
  tx.deleteMany(tx.tables.completions, { id, userId })

/** A page of what was done with a task, newest first. */
export const listCompletionsOf = (
  db: Database,
  userId: number,
  taskId: number,
  query: PageQuery,
): Promise<Page<CompletionRow>> =>
  readPage(query, (after, limit) =>
    db.list(db.tables.completions, {
      equal: { userId, taskId },
      descending: true,
      after,
      limit,
      index: 'completions_task_idx',
    }),
  )

/** A page of all that was done in a time, latest first. */
export async function listCompletions(
  db: Database,
  userId: number,
  {
    after: from,
    before,
    limit,
    cursor,
  }: { after?: number; before?: number; limit: number; cursor?: string | undefined },
): Promise<Page<CompletionRow>> {
  const [completedAt, id] = cursor?.split('-').map(Number) ?? []
  const start: Partial<CompletionRow> | undefined = id === undefined ? undefined : { completedAt: completedAt!, id }
  const { items, last } = await readRows(limit, start, (after, limit) =>
    db.list(db.tables.completions, {
      equal: { userId },
      order: ['completedAt', 'id'],
      range: { from, before },
      descending: true,
      after,
      limit,
      index: 'completions_user_completed_idx',
    }),
  )
  return { items, next: last && `${last.completedAt}-${last.id}` }
}

const latest: Query<CompletionRow, { userId: number; taskId: number }> = ({
  select,
  parameter,
  tables: { completions },
}) =>
  select()
    .from(completions)
    .where(
      and(
        eq(completions.userId, parameter(completions.userId, 'userId')),
        eq(completions.taskId, parameter(completions.taskId, 'taskId')),
      ),
    )
    .orderBy(desc(completions.id))
    .limit(sql`1`)
