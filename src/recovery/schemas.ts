import { type Static, Type } from '@sinclair/typebox'
import { Login, Registration } from '../auth/schemas.ts'

const token = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[\\w-]+$',
  description: 'The token that was mailed.',
  examples: ['tml_h5ZJ7DlEZPwUoTfGFf4WRvkkS4dkrdkkC1UJgDDLhiI'],
})

const newPassword = (minLength: number) => Registration(minLength).properties.password

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { current_password: Login.properties.password, new_password: newPassword(minLength) },
    { $id: 'PasswordChange', additionalProperties: false, description: 'Another password for your account.' },
  )
export type PasswordChange = Static<ReturnType<typeof PasswordChange>>

export const PasswordResetRequest = Type.Object(
  { email: Login.properties.email },
  { $id: 'PasswordResetRequest', additionalProperties: false, description: 'Whose password is to be reset.' },
)

export const PasswordReset = (minLength: number) =>
  Type.Object(
    { token, password: newPassword(minLength) },
    { $id: 'PasswordReset', additionalProperties: false, description: 'A new password for who got the mail.' },
  )
export type PasswordReset = Static<ReturnType<typeof PasswordReset>>

export const EmailChange = Type.Object(
  { email: Login.properties.email, password: Login.properties.password },
  { $id: 'EmailChange', additionalProperties: false, description: 'Another email for your account.' },
)
export type EmailChange = Static<typeof EmailChange>

export const EmailConfirmation = Type.Object(
  { token },
  { $id: 'EmailConfirmation', additionalProperties: false, description: 'Proof that the email is read.' },
)
