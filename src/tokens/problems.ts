import { problem } from '../http/problems.ts'

export const TokenNotFound = problem(
  'TOKEN_NOT_FOUND',
  404,
  'Token not found',
  'You have no personal access token with this id: it never existed, was revoked, or belongs to another user.',
)

export const TooManyTokens = problem(
  'TOO_MANY_TOKENS',
  409,
  'Too many personal access tokens',
  'The account has the maximum number of personal access tokens, including expired ones. Revoke one before you create another.',
)
