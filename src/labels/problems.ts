import { problem } from '../http/problems.ts'

export const LabelNotFound = problem(
  'LABEL_NOT_FOUND',
  404,
  'Label not found',
  'You have no label with this id: it never existed, was deleted, or belongs to another user.',
)

export const LabelTaken = problem(
  'LABEL_TAKEN',
  409,
  'Label already exists',
  'You have a label with this name already. Names are compared without regard to case.',
)

export const TooManyLabels = problem(
  'TOO_MANY_LABELS',
  409,
  'Too many labels',
  'An account has at most 500 labels. Delete or merge some first.',
)
