import { problem } from '../http/problems.ts'

export const IdempotencyKeyReused = problem(
  'IDEMPOTENCY_KEY_REUSED',
  422,
  'Idempotency key reused',
  'You sent another request with this Idempotency-Key in the last 24 hours. Use a new key for each new request.',
)
