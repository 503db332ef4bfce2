import { problem } from '../http/problems.ts'

export const EmailTaken = problem(
  'EMAIL_TAKEN',
  409,
  'User already exists',
  'There is already an account with this email. Log in, or register with another email.',
)
