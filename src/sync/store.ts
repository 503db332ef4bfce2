import { type Changed, readSpan, type Span } from '../changes/spans.ts'
import { findFeed } from '../changes/store.ts'
import type { Database } from '../database/database.ts'
import type { Feed } from '../http/versions.ts'
import type { Synced } from './sources.ts'
import { type Position, refuseExpired } from './tokens.ts'

/** Something to tell, at its place in the order of changes: by number, by kind, by id. */
interface Entry extends Changed {
  readonly kind: number
  /** Adds it to what is told. */
  tell(page: Told): void
}

/** What a page tells. */
export interface Told {
  readonly items: Record<string, object[]>
  readonly deleted: { type: string; id: number }[]
}

export interface SyncPage extends Told {
  readonly next: Position
  readonly hasMore: boolean
  readonly isFull: boolean
}

type Owner = Feed & { readonly id: number }
type Source = (span: Span) => Promise<{ entries: Entry[]; isWhole: boolean }>

/**
 * The next changes after a position, up to the feed's number `to`. A row that changes while it is read gets a higher number,
 * and so comes later: no snapshot is needed. Without a position everything that is there comes first. Throws
 * SyncTokenExpired.
 */
export async function readChanges(
  db: Database,
  synced: readonly Synced[],
  user: Owner,
  position: Position,
  limit: number,
): Promise<SyncPage> {
  const { base, openOnly = false } = position
  const to = base ?? user.feedSeq
  const sources = synced.map((source, i) => sourceOf(db, user, source, i + 1, base !== undefined, openOnly))
  // A first pass has nothing to forget. What is deleted while it lasts comes after it.
  if (base === undefined) sources.unshift(goneFor(db, user.id))
  const first = base === undefined ? 0 : 1
  const read = await Promise.all(sources.map((source, i) => source(spanOf(position, i + first, to, limit))))
  // After the deletions were read: those that were forgotten before that are missed no more.
  refuseExpired(position, await findFeed(db, user.id))

  // Of a kind of which there is more, nothing is known beyond its last entry.
  const ends = read.flatMap(({ entries, isWhole }) => (isWhole ? [] : [entries.at(-1)!]))
  const end = ends.toSorted(inOrder)[0]
  const known = read.flatMap(({ entries }) => entries).toSorted(inOrder)
  const reachable = end === undefined ? known : known.filter((entry) => inOrder(entry, end) <= 0)
  const entries = reachable.slice(0, limit)
  const isCut = entries.length < reachable.length || end !== undefined

  const told: Told = { items: Object.fromEntries(synced.map(({ name }) => [name, []])), deleted: [] }
  for (const entry of entries) entry.tell(told)
  return {
    ...told,
    next: isCut ? inside(position, entries.at(-1)!) : { epoch: position.epoch, seq: to },
    hasMore: isCut || to < user.feedSeq,
    isFull: base !== undefined,
  }
}

const inOrder = (a: Entry, b: Entry) => a.changeSeq - b.changeSeq || a.kind - b.kind || a.id - b.id

const inside = (position: Position, { changeSeq, kind, id }: Entry): Position => ({
  ...position,
  seq: changeSeq,
  place: { kind, id },
})

/** What of a kind comes after a position: of the number that the last page ended in, kinds before its place are done. */
function spanOf({ seq, place }: Position, kind: number, to: number, limit: number): Span {
  const id = place === undefined || kind < place.kind ? Number.MAX_SAFE_INTEGER : kind === place.kind ? place.id : 0
  return { after: { changeSeq: seq, id }, before: to + 1, limit }
}

function sourceOf(
  db: Database,
  user: Owner,
  source: Synced,
  kind: number,
  isFirstPass: boolean,
  openOnly: boolean,
): Source {
  return async (span) => {
    const { items, last } = isFirstPass
      ? await source.readAll(db, user.id, span, openOnly)
      : await source.readChanges(db, user.id, span)
    const entries = items.map((row) => ({
      id: row.id,
      changeSeq: row.changeSeq,
      kind,
      tell({ items: members, deleted }: Told) {
        if (source.isGone(row)) deleted.push({ type: source.type, id: row.id })
        else members[source.name]!.push(source.present(row, user))
      },
    }))
    return { entries, isWhole: last === undefined }
  }
}

/** What was deleted for good. A task that only went to another project is told as a task, and not here. */
function goneFor(db: Database, userId: number): Source {
  return async (span) => {
    const { items, last } = await readSpan(db, db.tables.deletions, 'deletions_user_changed_idx', userId, span)
    const entries = items.map(({ id, changeSeq, type, itemId }) => ({
      id,
      changeSeq,
      kind: 0,
      tell({ deleted }: Told) {
        if (type !== 'moved_task') deleted.push({ type, id: itemId })
      },
    }))
    return { entries, isWhole: last === undefined }
  }
}
