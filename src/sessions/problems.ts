import { bearer, problem } from '../http/problems.ts'

export const InvalidRefreshToken = problem(
  'INVALID_REFRESH_TOKEN',
  401,
  'Invalid refresh token',
  'The refresh token has been used or has expired, or its session has ended. Log in again.',
  bearer,
)

export const SessionNotFound = problem(
  'SESSION_NOT_FOUND',
  404,
  'Session not found',
  'You have no session with this id: it never existed, has ended, or belongs to another user.',
)
