import type { UserRow } from '../users/table.ts'
import type { Letter } from '../work/mail.ts'
import { linkMinutes, type OpenLink } from './links.ts'

// Links begin with PUBLIC_URL, never with what a request says of the host. The token is in the fragment, which browsers
// send to no server.
const linkTo = (publicUrl: string, page: string, token: string) =>
  `${publicUrl.replace(/\/+$/, '')}/${page}#token=${token}`

export const passwordResetMail = ({ user, token, email }: OpenLink, publicUrl: string): Letter => ({
  userId: user.id,
  to: email,
  subject: 'Reset your password',
  text: `Somebody asked to reset the password of your account. If it was you, open this link within ${linkMinutes} minutes and choose a new one:

${linkTo(publicUrl, 'reset-password', token)}

If you are asked for the token alone, it is:

${token}

If it was not you, do nothing: your password stays as it is.
`,
})

export const emailChangeMail = ({ user, token, email }: OpenLink, publicUrl: string): Letter => ({
  userId: user.id,
  to: email,
  subject: 'Confirm your email',
  text: `Somebody asked to make this the email of their account. If it was you, open this link within ${linkMinutes} minutes:

${linkTo(publicUrl, 'confirm-email', token)}

If you are asked for the token alone, it is:

${token}

If it was not you, do nothing, and above all do not open the link: the account is not yours.
`,
})

export const passwordChangedMail = (user: UserRow): Letter => ({
  userId: user.id,
  to: user.email,
  subject: 'Your password was changed',
  text: `The password of your account was changed.

If it was not you, reset it now, and notify the operator of this server.
`,
})

/** For the address that the account no longer has. */
export const emailChangedMail = (former: UserRow): Letter => ({
  userId: former.id,
  to: former.email,
  subject: 'Your email was changed',
  text: `Your account has another email now: this address no longer logs in.

If it was not you, notify the operator of this server.
`,
})
