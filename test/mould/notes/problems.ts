import { problem } from '../http/problems.ts'

export const NoteNotFound = problem(
  'NOTE_NOT_FOUND',
  404,
  'Note not found',
  'You have no note with this id: it never existed, was deleted, or is not yours.',
)

export const NoteNameTaken = problem('NOTE_NAME_TAKEN', 409, 'Note exists', 'You already have a note with this name.')
