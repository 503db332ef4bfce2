import { problem } from '../http/problems.ts'

export const CommentNotFound = problem(
  'COMMENT_NOT_FOUND',
  404,
  'Comment not found',
  'You have no comment with this id: it never existed, was deleted, or belongs to another user.',
)
