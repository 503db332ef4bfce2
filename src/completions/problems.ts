import { problem } from '../http/problems.ts'

export const CompletionNotFound = problem(
  'COMPLETION_NOT_FOUND',
  404,
  'Completion not found',
  'The task has no completion with this id: it never existed, or was undone.',
)

export const NotLatestCompletion = problem(
  'NOT_LATEST_COMPLETION',
  409,
  'Not the latest completion',
  'Only the latest completion of a task can be undone. Undo those after it first.',
)
