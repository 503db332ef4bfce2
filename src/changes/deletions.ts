import type { Change } from './change.ts'
import type { DeletedType } from './table.ts'

/** What those who keep a copy must forget. */
export interface Deletion {
  readonly type: DeletedType
  readonly itemId: number
  readonly projectId?: number
  readonly name?: string
}

/** Tells those who keep a copy, in the transaction that deletes. */
export async function recordDeletions({ tx, userId, seq, now }: Change, deletions: Deletion[]): Promise<void> {
  const rows = deletions.map(({ projectId = null, name = null, ...deletion }) => {
    return { ...deletion, projectId, name, userId, changeSeq: seq, createdAt: now }
  })
  await tx.insertMany(tx.tables.deletions, rows)
}
