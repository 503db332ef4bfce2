import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import pLimit from 'p-limit'

declare module 'fastify' {
  interface FastifyInstance {
    work: Work
  }
}

/** Something to do outside any request. The signal aborts when closing waits no longer. */
export type Job = (signal: AbortSignal) => Promise<unknown>

export interface Work {
  /** Jobs that requests leave behind. The name appears in the log. */
  queue(name: string, limits: QueueLimits): Queue
  /** Runs the job when the app is ready and then periodically, never twice at a time. Call it before the app is ready. */
  every(name: string, limits: PeriodicLimits, job: Job): void
}

export interface Queue {
  /**
   * Runs the job when it is its turn, and logs the error of one that fails. Returns false, and drops the job, when too
   * many are waiting.
   */
  add(job: Job, log?: FastifyBaseLogger): boolean
}

interface QueueLimits {
  readonly atOnce: number
  readonly maxWaiting: number
  /** How long closing waits for the jobs, from when the server stops to accept connections. */
  readonly closeMs: number
  /** What the log says of a job that fails. */
  readonly failure: string
  readonly level?: 'warn' | 'error'
}

interface PeriodicLimits extends Pick<QueueLimits, 'closeMs' | 'failure'> {
  readonly everyMs: number
}

/** Requests that end last leave work too: it has this long, whatever the time that they took. */
const leastCloseMs = 1_000

/**
 * All work that outlives a request. It ends in one place: once the last request is answered and before the database
 * closes, each queue has the rest of its time to finish.
 */
export const work = fp(
  async function work(app: FastifyInstance) {
    const closing = new AbortController()
    const queues: ReturnType<typeof openQueue>[] = []
    let closingSince = 0

    app.decorate('work', { queue, every })

    function queue(name: string, limits: QueueLimits): Queue {
      const opened = openQueue(name, limits, app.log, closing.signal)
      queues.push(opened)
      return opened
    }

    function every(name: string, { everyMs, ...limits }: PeriodicLimits, job: Job): void {
      const runs = queue(name, { ...limits, atOnce: 1, maxWaiting: 1 })
      let timer: NodeJS.Timeout | undefined
      app.addHook('onReady', async () => {
        runs.add(job)
        timer = setInterval(() => runs.add(job), everyMs).unref()
      })
      app.addHook('preClose', async () => clearInterval(timer))
    }

    app.addHook('preClose', async () => {
      closingSince = performance.now()
    })
    app.addHook('onClose', async () => {
      const spentMs = performance.now() - closingSince
      await Promise.all(queues.map((each) => each.finish(spentMs)))
      const left = queues.filter((each) => each.size() > 0).map((each) => [each.name, each.size()])
      if (left.length > 0) app.log.error({ left: Object.fromEntries(left) }, 'closed before this work was done')
      closing.abort()
    })
  },
  // The hooks of the plugin that was registered last run first: the database is still open.
  { name: 'work', dependencies: ['database'] },
)

function openQueue(name: string, limits: QueueLimits, appLog: FastifyBaseLogger, signal: AbortSignal) {
  const { atOnce, maxWaiting, closeMs, failure, level = 'warn' } = limits
  const turns = pLimit(atOnce)
  const underway = new Set<Promise<void>>()

  return {
    name,
    size: () => underway.size,
    add(job: Job, log = appLog): boolean {
      if (signal.aborted || turns.pendingCount >= maxWaiting) return false
      const done = turns(job, signal)
        .catch((err: unknown) => log[level]({ err }, failure))
        .then(() => void underway.delete(done))
      underway.add(done)
      return true
    },
    async finish(spentMs: number): Promise<void> {
      const leftMs = Math.max(closeMs - spentMs, leastCloseMs)
      await Promise.race([allOf(underway), sleep(leftMs, undefined, { ref: false })])
      turns.clearQueue()
    },
  }
}

/** Until there is none left; a job may add another. */
async function allOf(underway: Set<Promise<void>>): Promise<void> {
  while (underway.size > 0) await Promise.all(underway)
}
