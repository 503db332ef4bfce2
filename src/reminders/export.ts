import type { LeftOut } from '../export/members.ts'

export const remindersLeftOut: LeftOut = {
  table: 'reminders',
  reason: 'It says when mails are to be sent, which follows from the reminders that tasks show.',
}
