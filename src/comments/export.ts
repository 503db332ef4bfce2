import type { ExportMember } from '../export/members.ts'
import { readRows } from '../http/paging.ts'
import { Comment, presentComment } from './schemas.ts'
import type { CommentRow } from './table.ts'

export const exportedComments: ExportMember<CommentRow, typeof Comment> = {
  table: 'comments',
  name: 'comments',
  items: Comment,
  async readPage(db, userId, { limit, cursor }) {
    const [changeSeq, id] = cursor?.split('-').map(Number) ?? []
    const start: Partial<CommentRow> | undefined = id === undefined ? undefined : { changeSeq: changeSeq!, id }
    const { items, last } = await readRows(limit, start, (after, limit) =>
      db.list(db.tables.comments, {
        equal: { userId },
        order: ['changeSeq', 'id'],
        descending: true,
        after,
        limit,
        index: 'comments_user_changed_idx',
      }),
    )
    return { items, next: last && `${last.changeSeq}-${last.id}` }
  },
  present: presentComment,
}
