import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import pLimit from 'p-limit'
import type { Database } from '../database/database.ts'
import { type TokenHolder, touchToken } from './store.ts'

const restMs = 60_000
/** How long closing waits: a database that hangs shall not keep the process. */
const closingMs = 1_000

/**
 * Notes when tokens are used, at most once a minute each: what is read with one shall not cost a write. No request waits
 * for it or fails by it; one is written at a time, so that they never take all connections.
 */
export function tokenUses(db: Database, log: FastifyBaseLogger) {
  const writing = new Map<number, Promise<void>>()
  const turns = pLimit(1)

  return {
    note(holder: TokenHolder): void {
      const { tokenId, lastUsedAt } = holder
      if (Date.now() - (lastUsedAt ?? 0) < restMs || writing.has(tokenId)) return
      const write = turns(touchToken, db, holder)
        .catch((err: unknown) => log.warn({ err }, 'could not note the use of a token'))
        .finally(() => writing.delete(tokenId))
      writing.set(tokenId, write)
    },
    /** Writes what was noted, before the database closes. */
    async close(): Promise<void> {
      await Promise.race([Promise.all(writing.values()), sleep(closingMs, undefined, { ref: false })])
      turns.clearQueue()
    },
  }
}
