import { type Static, Type } from '@sinclair/typebox'
import { Etag, Id, Timestamp } from '../http/schemas.ts'
import { type Feed, versionTag } from '../http/versions.ts'
import { formatTime } from '../values/times.ts'
import type { CommentRow } from './table.ts'

const Body = Type.String({
  minLength: 1,
  maxLength: 10_000,
  pattern: '\\S',
  description: '1 to 10,000 characters, at least one of which is not white space.',
  examples: ['The shop opens at nine.'],
})

export const Comment = Type.Object(
  {
    id: Id(),
    etag: Etag(),
    task_id: Id({ description: 'The task.', examples: [42] }),
    body: Body,
    created_at: Timestamp(),
    updated_at: Timestamp(),
  },
  { $id: 'Comment', additionalProperties: false, description: 'A comment on a task.' },
)
export type Comment = Static<typeof Comment>

export const NewComment = Type.Object(
  { body: Body },
  { $id: 'NewComment', additionalProperties: false, description: 'A comment to add.' },
)
export type NewComment = Static<typeof NewComment>

export const CommentChanges = Type.Partial(NewComment, {
  $id: 'CommentChanges',
  additionalProperties: false,
  description: 'The fields to change. Absent fields keep their value.',
})
export type CommentChanges = Static<typeof CommentChanges>

const commentTag = versionTag(Comment)

export const presentComment = (row: CommentRow, feed: Feed): Comment => ({
  id: row.id,
  etag: commentTag(feed, row),
  task_id: row.taskId,
  body: row.body,
  created_at: formatTime(row.createdAt),
  updated_at: formatTime(row.updatedAt),
})
