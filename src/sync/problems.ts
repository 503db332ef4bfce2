import { problem } from '../http/problems.ts'

export const SyncTokenExpired = problem(
  'SYNC_TOKEN_EXPIRED',
  410,
  'Sync token expired',
  'The token is older than 90 days, or the server was restored from a backup since it was given out. Call GET /sync without a token, and replace your copy with what it answers. Send changes that you have not sent yet afterwards.',
)
