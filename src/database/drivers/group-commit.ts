import { setTimeout as sleep } from 'node:timers/promises'
import type Sqlite from 'better-sqlite3'
import { DatabaseUnavailable } from '../database.ts'
import { classified, isBusy } from './sqlite-errors.ts'

/** How long a group waits for another process to let go of the database. */
const lockMs = 1_000
const retryMs = 20
/** A group that has taken this long takes no further job, since reads wait for it. */
const groupMs = 50

interface Job {
  readonly work: () => unknown
  readonly hasSavepoint: boolean
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

interface Hooks {
  /** Ends the transaction that reads may have open. */
  endReads?(): void
  /** Throws what keeps anything from being written now. */
  check?(): void
  /** Runs after each commit, with how many jobs it held. */
  committed?(jobs: number): void
}

/**
 * Writes and transactions that arrive in one turn of the event loop run one after the other inside one SQLite
 * transaction and are answered after its COMMIT, so that many share one fsync. Each that fails rolls back alone.
 */
export function groupCommit(client: Sqlite.Database, { endReads, check, committed }: Hooks = {}) {
  const begin = client.prepare('begin immediate')
  const commit = client.prepare('commit')
  const rollback = client.prepare('rollback')
  const savepoint = client.prepare('savepoint job')
  const release = client.prepare('release job')
  const rollbackToSavepoint = client.prepare('rollback to job')

  let waiting: Job[] = []
  let isScheduled = false
  let open: Promise<void> | undefined
  let hasFailed = false

  function enqueue<R>(work: () => R | Promise<R>, hasSavepoint: boolean): Promise<R> {
    return new Promise((resolve, reject) => {
      waiting.push({ work, hasSavepoint, resolve, reject })
      if (!isScheduled) setImmediate(commitTogether)
      isScheduled = true
    })
  }

  async function commitTogether(): Promise<void> {
    const fault = await begun()
    const jobs = waiting
    waiting = []
    const { promise, resolve } = Promise.withResolvers<void>()
    open = promise
    const answers = fault === undefined ? await settled(jobs) : refusals(jobs, fault)
    open = undefined
    resolve()
    for (const answer of answers) answer()
    // Never at once: reads that waited for this group come before the next.
    if (waiting.length > 0) setImmediate(commitTogether)
    else isScheduled = false
  }

  /** Undefined, or what kept the transaction from beginning. */
  async function begun(): Promise<unknown> {
    if (!client.open) return new DatabaseUnavailable('the database is closed')
    try {
      check?.()
    } catch (error) {
      return error
    }
    const deadline = performance.now() + lockMs
    for (;;) {
      try {
        endReads?.()
        if (client.inTransaction) rollback.run() // an earlier rollback failed
        begin.run()
        return undefined
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) return error
      }
      await sleep(retryMs)
    }
  }

  /** Runs jobs for as long as a group may take; the rest go first in the next. */
  async function settled(jobs: Job[]): Promise<(() => void)[]> {
    const deadline = performance.now() + groupMs
    const answers: (() => void)[] = []
    try {
      for (const job of jobs) {
        if (performance.now() > deadline) break
        answers.push(job.hasSavepoint ? await attempt(job) : attemptStatement(job))
      }
      commit.run()
    } catch (error) {
      hasFailed = true
      rollBack()
      return refusals(jobs, error)
    }
    committed?.(answers.length)
    waiting = [...jobs.slice(answers.length), ...waiting]
    return answers
  }

  async function attempt({ work, resolve, reject }: Job): Promise<() => void> {
    savepoint.run()
    try {
      const value = await work()
      release.run()
      return () => resolve(value as never)
    } catch (error) {
      if (!client.inTransaction) throw error // a full or failing disk ends the transaction of all
      rollbackToSavepoint.run()
      release.run()
      return () => reject(error)
    }
  }

  /** A statement that fails undoes itself. */
  function attemptStatement({ work, resolve, reject }: Job): () => void {
    try {
      const value = work()
      return () => resolve(value as never)
    } catch (error) {
      if (!client.inTransaction) throw error
      return () => reject(error)
    }
  }

  function refusals(jobs: Job[], error: unknown): (() => void)[] {
    const fault = classified(error)
    return jobs.map(
      ({ reject }) =>
        () =>
          reject(fault),
    )
  }

  function rollBack() {
    try {
      if (client.inTransaction) rollback.run()
    } catch {
      // The next group tries again before it begins.
    }
  }

  return {
    /** The group that has begun. */
    get open() {
      return open
    },
    /** Jobs that no group has taken yet. */
    get waiting() {
      return waiting.length
    },
    /** Whether a transaction failed as a whole, as on a full disk; until it is set back. */
    get hasFailed() {
      return hasFailed
    },
    set hasFailed(value: boolean) {
      hasFailed = value
    },
    /** Runs one statement in the next group. */
    statement: <R>(work: () => R) => enqueue(work, false),
    transaction: <R>(work: () => Promise<R>) => enqueue(work, true),
    async idle() {
      while (isScheduled) await (open ?? sleep(1))
    },
  }
}
