import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Change, changing } from '../changes/change.ts'
import type { Query } from '../database/database.ts'
import type { SweepRow } from './table.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sweeps: Sweeps
  }
}

/** What a sweep does to many rows. */
export type Task = Pick<SweepRow, 'kind' | 'targetId'> & Partial<Pick<SweepRow, 'otherId' | 'happenedAt'>>
/** A sweep that has come as far as `afterId`. */
export type Swept = Pick<SweepRow, 'targetId' | 'otherId' | 'happenedAt' | 'afterId'>

/** A change that is too wide for one transaction. */
export interface Sweep {
  readonly kind: string
  /** Does the next rows, about `chunkLength`; answers the id to go on after, or undefined when all is done. */
  chunk(change: Change, sweep: Swept): Promise<number | undefined>
}

export interface Sweeps {
  /** Does the first rows in the transaction of `change`. If there are more, that is written too: no crash forgets it. */
  begin(change: Change, task: Task): Promise<void>
  /** Has it done from a time on. */
  schedule(change: Change, task: Task, dueAt: number): Promise<void>
  /** Goes on with what the user has begun, for a moment; false if there is more, which then is done in the background. */
  finish(userId: number): Promise<boolean>
}

/** Rows of one transaction: short enough that nobody waits long for it. */
export const chunkLength = 500
/** Chunks that a request waits for, after the first. */
const chunksOfRequest = 3

export const sweeps = fp(
  async function sweeps(app: FastifyInstance, { kinds }: { kinds: readonly Sweep[] }) {
    const { db } = app
    const byKind = new Map(kinds.map((sweep) => [sweep.kind, sweep]))
    const failure = 'could not finish a change of many rows; the next try is in a minute'
    const begun = app.work.queue('sweeps', { atOnce: 1, maxWaiting: 1_000, closeMs: 2_000, failure })

    /** Under the lock of the feed the row says how far it is: another instance may be at it too. */
    const doChunk = ({ id, userId }: SweepRow): Promise<void> =>
      changing(db, { id: userId, timezone: 'UTC' }, async (change) => {
        const row = await change.tx.find(db.tables.sweeps, { id })
        if (row === undefined) return
        const afterId = await byKind.get(row.kind)!.chunk(change, row)
        if (afterId === undefined) await change.tx.deleteMany(db.tables.sweeps, { id })
        else await change.tx.updateOne(db.tables.sweeps, { id }, { afterId })
      })

    /** Up to so many chunks; whether nothing is left. */
    async function finishUpTo(chunks: number, userId: number, signal?: AbortSignal): Promise<boolean> {
      for (let done = 0; ; done++) {
        const next = await db.first(dueOfUser, { userId, now: Date.now() })
        if (next === undefined) return true
        if (done === chunks || signal?.aborted) return false
        await doChunk(next)
      }
    }

    app.decorate('sweeps', {
      async begin(change, { kind, targetId, otherId = null, happenedAt = null }) {
        const task = { kind, targetId, otherId, happenedAt }
        const afterId = await byKind.get(kind)!.chunk(change, { ...task, afterId: 0 })
        if (afterId === undefined) return
        await change.tx.insertMany(db.tables.sweeps, [{ ...task, userId: change.userId, afterId, dueAt: change.now }])
      },
      async schedule({ tx, userId }, { kind, targetId, otherId = null, happenedAt = null }, dueAt) {
        await tx.insertMany(tx.tables.sweeps, [{ userId, kind, targetId, otherId, happenedAt, afterId: 0, dueAt }])
      },
      async finish(userId) {
        const isDone = await finishUpTo(chunksOfRequest, userId)
        if (!isDone) begun.add((signal) => finishUpTo(Number.POSITIVE_INFINITY, userId, signal))
        return isDone
      },
    } satisfies Sweeps)

    // What was left by a server that ended, and what has come due.
    app.work.every('due sweeps', { everyMs: 60_000, closeMs: 2_000, failure }, async (signal) => {
      for (const { userId } of await db.all(due, { now: Date.now() })) {
        if (signal.aborted) return
        await finishUpTo(Number.POSITIVE_INFINITY, userId, signal).catch((err: unknown) =>
          app.log.warn({ err, userId }, failure),
        )
      }
    })
  },
  { name: 'sweeps', dependencies: ['database', 'work'] },
)

const dueOfUser: Query<SweepRow, { userId: number; now: number }> = ({ select, parameter, tables: { sweeps } }) =>
  select()
    .from(sweeps)
    .where(
      and(eq(sweeps.userId, parameter(sweeps.userId, 'userId')), lte(sweeps.dueAt, parameter(sweeps.dueAt, 'now'))),
    )
    .orderBy(asc(sweeps.id))
    .limit(sql`1`)

const due: Query<SweepRow, { now: number }> = ({ select, parameter, tables: { sweeps } }) =>
  select()
    .from(sweeps)
    .where(lte(sweeps.dueAt, parameter(sweeps.dueAt, 'now')))
    .orderBy(asc(sweeps.dueAt))
    .limit(sql`1000`)
