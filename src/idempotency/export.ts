import type { LeftOut } from '../export/members.ts'

export const idempotencyKeysLeftOut: LeftOut = {
  table: 'idempotencyKeys',
  reason: 'It holds answers that were given in the last day, which show what other tables hold.',
}
