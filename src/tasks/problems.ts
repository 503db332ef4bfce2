import { problem } from '../http/problems.ts'

export const TaskNotFound = problem(
  'TASK_NOT_FOUND',
  404,
  'Task not found',
  'You have no task with this id: it never existed, was deleted, or belongs to another user.',
)

export const TreeTooLarge = problem(
  'TREE_TOO_LARGE',
  409,
  'Too many subtasks',
  'A task has at most 500 subtasks on all levels together.',
)

export const NotRecurring = problem(
  'NOT_RECURRING',
  409,
  'Not recurring',
  'The task does not recur, so it has no occurrence to skip.',
)

export const OccurrenceUnknown = problem(
  'OCCURRENCE_UNKNOWN',
  409,
  'Unknown occurrence',
  'The due that you sent is not that of the current occurrence, and no occurrence with it was completed or skipped. Read the task again.',
)

export const BatchTooLarge = problem(
  'BATCH_TOO_LARGE',
  409,
  'Batch too large',
  'An atomic batch can change at most 1,000 tasks, subtasks included. Nothing was changed. Send it in parts, or with atomic set to false.',
)
