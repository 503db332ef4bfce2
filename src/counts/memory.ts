import { LRUCache } from 'lru-cache'
import type { Counts } from './counts.ts'

// Of more keys, those that were not seen for longest are forgotten: some 20 MB at most.
const maxKeys = 100_000

interface Entry {
  count: number
  endsAt: number
}

/** Counts in the memory of this process. */
export function countsInMemory(): Counts {
  const entries = new LRUCache<string, Entry>({ max: maxKeys })

  return {
    async hit(key, windowMs) {
      const now = Date.now()
      let entry = entries.get(key)
      if (entry === undefined || entry.endsAt <= now) {
        entry = { count: 0, endsAt: now + windowMs }
        entries.set(key, entry)
      }
      entry.count++
      return { current: entry.count, ttl: entry.endsAt - now }
    },
  }
}
