import { type Static, Type } from '@sinclair/typebox'
import { normalizeEmail } from '../values/emails.ts'

export const Email = Type.String({
  format: 'idn-email',
  maxLength: 254,
  description: 'An address like ann@example.org. Kept trimmed, in lower case and NFC, with its domain in Unicode.',
  examples: ['ann@example.org'],
})

/** The form in which an email is kept; its schema has checked that it is one. */
export const emailOf = (text: string) => normalizeEmail(text) as string

export const maxPasswordLength = 256
const password = (minLength: number, description: string) =>
  Type.String({
    format: 'password',
    minLength,
    maxLength: maxPasswordLength,
    description,
    examples: ['correct horse battery staple'],
  })

/** The password that an account has: any that could ever be chosen. */
export const Password = password(1, 'The password of the account.')

/** A password to give to an account. */
export const NewPassword = (minLength: number) =>
  password(
    minLength,
    `${minLength} to ${maxPasswordLength} characters of any kind; not a common password and not the email's own name.`,
  )

const token = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[\\w-]+$',
  description: 'The token that was mailed.',
  examples: ['tml_h5ZJ7DlEZPwUoTfGFf4WRvkkS4dkrdkkC1UJgDDLhiI'],
})

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { current_password: Password, new_password: NewPassword(minLength) },
    { $id: 'PasswordChange', additionalProperties: false, description: 'A new password for your account.' },
  )
export type PasswordChange = Static<ReturnType<typeof PasswordChange>>

export const PasswordResetRequest = Type.Object(
  { email: Email },
  {
    $id: 'PasswordResetRequest',
    additionalProperties: false,
    description: 'The email of the account whose password to reset.',
  },
)

export const PasswordReset = (minLength: number) =>
  Type.Object(
    { token, password: NewPassword(minLength) },
    { $id: 'PasswordReset', additionalProperties: false, description: 'A new password, with the token from the mail.' },
  )
export type PasswordReset = Static<ReturnType<typeof PasswordReset>>

export const EmailChange = Type.Object(
  { email: Email, password: Password },
  { $id: 'EmailChange', additionalProperties: false, description: 'A new email for your account.' },
)
export type EmailChange = Static<typeof EmailChange>

export const EmailConfirmation = Type.Object(
  { token },
  { $id: 'EmailConfirmation', additionalProperties: false, description: 'The token from the mail.' },
)
