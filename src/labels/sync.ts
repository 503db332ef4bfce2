import { readSpan, type Span } from '../changes/spans.ts'
import type { Database } from '../database/database.ts'
import type { Synced } from '../sync/sources.ts'
import { Label, presentLabel } from './schemas.ts'
import type { LabelRow } from './table.ts'

const read = (db: Database, userId: number, span: Span) =>
  readSpan(db, db.tables.labels, 'labels_user_changed_idx', userId, span)

export const syncedLabels: Synced<LabelRow, typeof Label> = {
  name: 'labels',
  type: 'label',
  items: Label,
  readChanges: read,
  readAll: read,
  isGone: () => false,
  present: presentLabel,
}
