import { bearer, problem } from '../http/problems.ts'

export const InvalidLogin = problem(
  'INVALID_LOGIN',
  401,
  'Invalid email or password',
  'No active account has this email and password. The answer does not say which one is wrong.',
  bearer,
)

export const RegistrationClosed = problem(
  'REGISTRATION_CLOSED',
  403,
  'Registration is closed',
  'On this server, only the operator creates accounts.',
)
