import { hash } from 'node:crypto'
import type { Backoff, Counts } from '../counts/counts.ts'
import { room } from '../counts/room.ts'
import { RateLimited } from '../http/problems.ts'
import { networkOf } from '../values/addresses.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** From one network, after five wrong passwords in a row: some 100 a day. */
const fromNetwork: Backoff = { free: 5, firstMs: 1_000, longestMs: 15 * minuteMs, keptMs: dayMs }
/** From all networks together: some 1500 a day, regardless of their number. */
const fromAnywhere: Backoff = { free: 100, firstMs: 1_000, longestMs: minuteMs, keptMs: 60 * minuteMs }
/** Attempts for an account from one network that may wait for others' outcome. */
const maxWaiting = 200
/** How long a network that logged in is exempt from what others do to the account. */
const knownMs = 30 * dayMs

export interface Guesses {
  /**
   * Whether the password for the account is right, as `verify` answers; after wrong ones, not before a wait is over. It
   * makes no difference whether there is such an account. Throws RateLimited, and what `verify` throws.
   */
  attempt(email: string, address: string, verify: () => Promise<boolean>): Promise<boolean>
}

/**
 * Slows down the guessing of passwords, and never locks an account for good: those who guess wait, open sessions go on,
 * and the owner can still log in from networks that have logged in before (ASVS 6.1.1). An attempt counts as wrong until
 * it proves right, so that guesses made at the same time count each other.
 */
export function limitGuesses(counts: Counts): Guesses {
  // An attempt beyond the free ones waits for the outcome of those under way: right ones make room for it.
  const attempts = room(maxWaiting)

  return {
    async attempt(email, address, verify) {
      const network = digest(`${email} ${networkOf(address)}`)
      const here = { key: `here ${network}`, backoff: fromNetwork }
      const anywhere = { key: `account ${digest(email)}`, backoff: fromAnywhere }
      const known = `known ${network}`

      const isKnown = await counts.has(known)
      let entered: Limit[] = []
      const refusal = await attempts.enter(network, async () => {
        try {
          entered = await enterEach(isKnown ? [here] : [here, anywhere])
          return undefined
        } catch (error) {
          if (error instanceof RateLimited) return error
          throw error
        }
      })
      if (refusal !== undefined) throw refusal
      try {
        const isRight = await verify().catch(giveBackFirst(entered))
        if (isRight) {
          // The account's other failures stay: its owner logs in while strangers guess.
          await Promise.all([counts.clear(here.key), counts.hit(known, knownMs), !isKnown && giveBack(anywhere)])
        } else if (isKnown) {
          await counts.enter(anywhere.key, anywhere.backoff)
        }
        return isRight
      } finally {
        attempts.leave(network)
      }
    },
  }

  async function enterEach(limits: Limit[]): Promise<Limit[]> {
    const entered: Limit[] = []
    for (const limit of limits) {
      const ms = await counts.enter(limit.key, limit.backoff)
      if (ms > 0) await giveBackFirst(entered)(refusalFor(ms))
      entered.push(limit)
    }
    return entered
  }

  /** For an attempt that was not made: the password was not looked at. */
  function giveBackFirst(entered: Limit[]) {
    return async (error: unknown): Promise<never> => {
      await Promise.all(entered.map(giveBack))
      throw error
    }
  }

  function giveBack({ key, backoff }: Limit): Promise<void> {
    return counts.giveBack(key, backoff)
  }
}

interface Limit {
  readonly key: string
  readonly backoff: Backoff
}

const refusalFor = (ms: number) =>
  new RateLimited({
    detail: 'Too many wrong passwords: wait, then try again',
    headers: { 'retry-after': String(Math.ceil(ms / 1000)) },
  })

/** Short, and no email in clear where counts are kept. */
const digest = (text: string) => hash('sha256', text, 'base64url')
