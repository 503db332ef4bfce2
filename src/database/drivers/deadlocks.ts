import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable } from '../database.ts'

/** The database gave this transaction up for another's sake; it would have succeeded alone. */
export class Deadlock extends DatabaseUnavailable {
  override readonly name = 'Deadlock'
}

const retries = 3
const patienceMs = 4_000

/** Runs work again when it met a deadlock; `work` is a whole transaction. */
export async function retryingDeadlocks<R>(work: () => Promise<R>): Promise<R> {
  const deadline = performance.now() + patienceMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Deadlock) || attempt > retries || performance.now() > deadline) throw error
    }
    await sleep(attempt * 20 * Math.random())
  }
}
