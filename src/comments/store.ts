import type { Change } from '../changes/change.ts'
import { recordDeletions } from '../changes/deletions.ts'
import type { Database } from '../database/database.ts'
import { type Page, type PageQuery, readPage } from '../http/paging.ts'
import type { Precondition } from '../http/versions.ts'
import { findTask } from '../tasks/store.ts'
import { CommentNotFound } from './problems.ts'
import type { CommentChanges, NewComment } from './schemas.ts'
import type { CommentRow } from './table.ts'

/** A comment on a task that is not in the trash. Throws CommentNotFound. */
export async function findComment(db: Database, userId: number, id: number): Promise<CommentRow> {
  const row = await db.find(db.tables.comments, { id, userId })
  const task = row && (await db.find(db.tables.tasks, { id: row.taskId, userId }))
  if (row === undefined || task === undefined || task.hidden === 2) throw new CommentNotFound()
  return row
}

/** A page of the comments on a task, newest first. Throws TaskNotFound. */
export async function listComments(
  db: Database,
  userId: number,
  taskId: number,
  query: PageQuery,
): Promise<Page<CommentRow>> {
  await findTask(db, userId, taskId)
  return readPage(query, (after, limit) =>
    db.list(db.tables.comments, {
      equal: { userId, taskId },
      descending: true,
      after,
      limit,
      index: 'comments_task_idx',
    }),
  )
}

/** Throws TaskNotFound. */
export async function addComment(
  { tx, userId, seq, now }: Change,
  taskId: number,
  { body }: NewComment,
  createdAt = now,
): Promise<CommentRow> {
  await findTask(tx, userId, taskId)
  return tx.insert(tx.tables.comments, { userId, taskId, body, createdAt, updatedAt: now, changeSeq: seq })
}

/** Throws CommentNotFound, PreconditionFailed. */
export async function changeComment(
  { tx, userId, seq, now }: Change,
  id: number,
  { body }: CommentChanges,
  requireVersion: Precondition,
): Promise<CommentRow> {
  const comment = await findComment(tx, userId, id)
  if (body === undefined || body === comment.body) return comment
  requireVersion(comment)
  return (await tx.updateOne(tx.tables.comments, { id, userId }, { body, updatedAt: now, changeSeq: seq }))!
}

/** Throws CommentNotFound, PreconditionFailed. */
export async function deleteComment(change: Change, id: number, requireVersion: Precondition): Promise<void> {
  const { tx, userId } = change
  requireVersion(await findComment(tx, userId, id))
  await tx.deleteMany(tx.tables.comments, { id, userId })
  await recordDeletions(change, [{ type: 'comment', itemId: id }])
}
