import { readSpan, type Span } from '../changes/spans.ts'
import type { Database } from '../database/database.ts'
import type { Synced } from '../sync/sources.ts'
import { Comment, presentComment } from './schemas.ts'
import type { CommentRow } from './table.ts'

const read = (db: Database, userId: number, span: Span) =>
  readSpan(db, db.tables.comments, 'comments_user_changed_idx', userId, span)

/** Those of a task that is gone go with it, untold. */
export const syncedComments: Synced<CommentRow, typeof Comment> = {
  name: 'comments',
  type: 'comment',
  items: Comment,
  readChanges: read,
  readAll: read,
  isGone: () => false,
  present: presentComment,
}
