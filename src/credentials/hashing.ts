import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Options } from '@node-rs/argon2'
import pLimit from 'p-limit'
import { Overloaded } from '../http/problems.ts'

/** A question for a thread: whether the password belongs to the hash, or for a hash of it where there is none. */
export interface HashingJob {
  readonly password: string
  readonly passwordHash?: string
  readonly parameters?: Options
}

// One core is left for other requests. A queue of 256 is some seconds of hashing: beyond it, waiting helps nobody.
const turns = pLimit(Math.max(1, availableParallelism() - 1))
const maxWaiting = 256

/** Throws Overloaded. */
export const hash = (password: string, parameters: Options): Promise<string> => inTurn({ password, parameters })

/** Throws Overloaded. */
export const verify = (passwordHash: string, password: string): Promise<boolean> => inTurn({ password, passwordHash })

/** The hashes that are computed at this moment, and those that wait for their turn. */
export const hashingLoad = () => ({ running: turns.activeCount, waiting: turns.pendingCount })

async function inTurn<R>(job: HashingJob): Promise<R> {
  if (turns.pendingCount >= maxWaiting) throw new Overloaded()
  return turns(inThread<R>, job)
}

const idle: Worker[] = []

/**
 * In a thread of lower priority, so that a flood of logins leaves the processor to other requests; libuv's own threads
 * would take an equal share. A thread holds the process while it works, and only then.
 */
async function inThread<R>(job: HashingJob): Promise<R> {
  const thread = idle.pop() ?? new Worker(new URL('./hashing-thread.ts', import.meta.url), { execArgv: [] })
  thread.ref()
  try {
    thread.postMessage(job)
    const [result] = await once(thread, 'message') // rejects when the job throws, which ends the thread
    idle.push(thread)
    return result
  } finally {
    thread.unref()
  }
}
