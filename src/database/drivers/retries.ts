import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable } from '../database.ts'

/** Nothing was changed, and the same work may succeed now: a deadlock, or a connection that a new one cures. */
export class Retryable extends DatabaseUnavailable {
  override readonly name = 'Retryable'
}

const retries = 3
const patienceMs = 4_000
/** A read that had waited longer on a connection that broke is not sent again: its client would wait twice. */
export const promptMs = 1_000

/** Runs work again when it may succeed now; `work` is a whole transaction, or a single statement. */
export async function retrying<R>(work: () => Promise<R>): Promise<R> {
  const deadline = performance.now() + patienceMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Retryable) || attempt > retries || performance.now() > deadline) throw error
    }
    await sleep(attempt * 20 * Math.random())
  }
}

/**
 * Runs `work`, which changes nothing, once more when `isLost` says that its connection broke: a server that restarts
 * leaves connections behind that fail at their next use.
 */
export async function retryingOnce<R>(work: () => Promise<R>, isLost: (error: unknown) => boolean): Promise<R> {
  const began = performance.now()
  try {
    return await work()
  } catch (error) {
    if (!isLost(error) || performance.now() - began > promptMs) throw error
    return await work()
  }
}
