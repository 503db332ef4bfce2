import { hash } from 'node:crypto'
import { networkOf } from '../addresses.ts'
import type { Backoff, Counts } from '../counts/counts.ts'
import { RateLimited } from '../errors.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** From one network, after five wrong passwords in a row: some 100 a day. */
const fromNetwork: Backoff = { free: 5, firstMs: 1_000, longestMs: 15 * minuteMs, keptMs: dayMs }
/** From all networks together: some 1500 a day, however many there are. */
const fromAnywhere: Backoff = { free: 100, firstMs: 1_000, longestMs: minuteMs, keptMs: 60 * minuteMs }
/** How long a network that logged in is spared what others do to the account. */
const knownMs = 30 * dayMs

export interface Guesses {
  /**
   * Whether the password for the account is right, as `verify` tells; after wrong ones, not before a wait is over. It
   * makes no difference whether there is such an account. Throws RateLimited, and what `verify` throws.
   */
  attempt(email: string, address: string, verify: () => Promise<boolean>): Promise<boolean>
}

/**
 * Slows down the guessing of passwords, and never locks an account for good: whoever guesses waits, open sessions go on,
 * and its owner can log in from where they did before, whatever strangers do meanwhile (ASVS 6.1.1).
 */
export function limitGuesses(counts: Counts): Guesses {
  return {
    async attempt(email, address, verify) {
      const account = digest(email)
      const here = digest(`${email} ${networkOf(address)}`)
      await enter(`here ${here}`, fromNetwork)
      if (!(await counts.has(`known ${here}`))) await enter(`account ${account}`, fromAnywhere)

      const isRight = await verify()
      if (isRight) {
        // The account's own count stays: its owner logs in while strangers guess.
        await Promise.all([counts.clear(`here ${here}`), counts.hit(`known ${here}`, knownMs)])
      } else {
        await Promise.all([counts.fail(`here ${here}`, fromNetwork), counts.fail(`account ${account}`, fromAnywhere)])
      }
      return isRight
    },
  }

  async function enter(key: string, backoff: Backoff): Promise<void> {
    const ms = await counts.enter(key, backoff)
    if (ms === 0) return
    throw new RateLimited({
      detail: 'Too many wrong passwords: wait, then try again',
      headers: { 'retry-after': String(Math.ceil(ms / 1000)) },
    })
  }
}

/** Short, and no email in clear where counts are kept. */
const digest = (text: string) => hash('sha256', text, 'base64url')
