import { problem } from '../http/problems.ts'

export const WrongPassword = problem(
  'WRONG_PASSWORD',
  403,
  'Wrong password',
  'The current password is wrong. Nothing was changed.',
)

export const MailDisabled = problem(
  'MAIL_DISABLED',
  404,
  'Mail is off',
  'This server does not send mail. The operator can reset a password: npm run admin -- reset-password.',
)

export const InvalidLink = problem(
  'INVALID_LINK',
  422,
  'Invalid link',
  'The link has been used, has expired, or was never sent. Request a new one.',
)
