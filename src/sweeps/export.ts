import type { LeftOut } from '../export/members.ts'

export const sweepsLeftOut: LeftOut = {
  table: 'sweeps',
  reason: 'It says what is still to be done to other tables.',
}
