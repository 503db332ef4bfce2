import type { Database } from '../database/database.ts'
import type { Work } from '../work/work.ts'
import { type TokenHolder, touchToken } from './store.ts'

const restMs = 60_000

/**
 * Notes when tokens are used, at most once a minute each: a read with one must not cost a write. No request waits
 * for it or fails by it; one is written at a time, so that they never take all connections.
 */
export function tokenUses(db: Database, work: Work): (holder: TokenHolder) => void {
  const writing = new Set<number>()
  const writes = work.queue('uses of tokens', {
    atOnce: 1,
    maxWaiting: 10_000,
    closeMs: 1_000, // a database that hangs must not keep the process
    failure: 'could not note the use of a token',
  })

  return (holder) => {
    const { tokenId, lastUsedAt } = holder
    if (Date.now() - (lastUsedAt ?? 0) < restMs || writing.has(tokenId)) return
    const isTaken = writes.add(() => touchToken(db, holder).finally(() => writing.delete(tokenId)))
    if (isTaken) writing.add(tokenId) // otherwise its next use is noted
  }
}
