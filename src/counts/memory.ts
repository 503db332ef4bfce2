import { LRUCache } from 'lru-cache'
import { type Counts, waitMs } from './counts.ts'

// Of more keys, those unused longest are forgotten: some 20 MB at most.
const maxKeys = 100_000

interface Entry {
  count: number
  endsAt: number
  waitUntil: number
}

/** Counts in the memory of this process. */
export function countsInMemory(): Counts {
  const entries = new LRUCache<string, Entry>({ max: maxKeys })

  return {
    hit(key, windowMs, times = 1) {
      const now = Date.now()
      const entry = entryOf(key, now, windowMs)
      entry.count += times
      return { current: entry.count, ttl: entry.endsAt - now }
    },

    async unhit(key) {
      const now = Date.now()
      const entry = lookUpEntry(key, now)
      if (entry === undefined) return { current: 0, ttl: 0 }
      if (entry.count > 0) entry.count--
      return { current: entry.count, ttl: entry.endsAt - now }
    },

    async has(key) {
      return lookUpEntry(key, Date.now()) !== undefined
    },

    async enter(key, backoff) {
      const now = Date.now()
      const entry = entryOf(key, now, backoff.keptMs)
      if (entry.waitUntil > now) return entry.waitUntil - now
      entry.count++
      entry.endsAt = now + backoff.keptMs
      entry.waitUntil = now + waitMs(entry.count, backoff)
      return 0
    },

    async giveBack(key, backoff) {
      const now = Date.now()
      const entry = lookUpEntry(key, now)
      if (entry === undefined || entry.count === 0) return
      entry.count--
      entry.waitUntil = Math.min(entry.waitUntil, now + waitMs(entry.count, backoff))
    },

    async clear(key) {
      entries.delete(key)
    },
  }

  function lookUpEntry(key: string, now: number): Entry | undefined {
    const entry = entries.get(key)
    return entry !== undefined && entry.endsAt > now ? entry : undefined
  }

  function entryOf(key: string, now: number, keptMs: number): Entry {
    const known = lookUpEntry(key, now)
    if (known) return known
    const entry = { count: 0, endsAt: now + keptMs, waitUntil: 0 }
    entries.set(key, entry)
    return entry
  }
}
