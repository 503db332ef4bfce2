import type { Static, TSchema } from '@sinclair/typebox'
import type { Database, Tables } from '../database/database.ts'
import type { Page, PageQuery } from '../http/paging.ts'
import type { Feed } from '../http/versions.ts'

/** Who asks for an export: an account, and its session. */
export interface Asker extends Feed {
  readonly sessionId: number
}

/** What an export says of a table: a list of the user's rows in it, newest first. */
export interface ExportMember<R = unknown, S extends TSchema = TSchema> {
  readonly table: keyof Tables
  /** The member's name in the document. */
  readonly name: string
  readonly items: S
  readonly maxItems?: number
  readPage(db: Database, userId: number, query: PageQuery): Promise<Page<R>>
  present(row: R, asker: Asker): Static<S>
}

/** A table that knows whose its rows are, but that an export does not show. */
export interface LeftOut {
  readonly table: keyof Tables
  readonly reason: string
}

export type ExportEntry = ExportMember | LeftOut

export const membersOf = (entries: readonly ExportEntry[]): ExportMember[] =>
  entries.filter((entry): entry is ExportMember => !('reason' in entry))
