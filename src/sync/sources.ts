import type { Static, TObject } from '@sinclair/typebox'
import type { Changed, Span } from '../changes/spans.ts'
import type { Database } from '../database/database.ts'
import type { Rows } from '../http/paging.ts'
import type { Feed } from '../http/versions.ts'

/** What a domain has that clients keep copies of; `app.ts` lists them. */
export interface Synced<R extends Changed = Changed, S extends TObject = TObject> {
  /** The member of the answer. */
  readonly name: string
  /** What an item is called where it is gone. */
  readonly type: string
  readonly items: S
  readChanges(db: Database, userId: number, span: Span): Promise<Rows<R>>
  /** The same for a client that has no copy yet, without what is gone, and with `openOnly` without what is done. */
  readAll(db: Database, userId: number, span: Span, openOnly: boolean): Promise<Rows<R>>
  /** Whether a copy must forget it. */
  isGone(row: R): boolean
  present(row: R, feed: Feed): Static<S>
}
