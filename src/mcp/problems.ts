import { problem } from '../http/problems.ts'

export const OriginNotAllowed = problem(
  'ORIGIN_NOT_ALLOWED',
  403,
  'Origin not allowed',
  'A page of this origin may not use the server: add the origin to CORS_ORIGINS.',
)
