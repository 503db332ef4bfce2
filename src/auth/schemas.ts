import { type Static, Type } from '@sinclair/typebox'
import { words } from '../schemas.ts'

const email = Type.String({
  format: 'idn-email',
  maxLength: 254,
  description: 'Kept trimmed, in lower case and NFC.',
  examples: ['ann@example.org'],
})

export const maxPasswordLength = 256
const password = (minLength: number, description: string) =>
  Type.String({
    format: 'password',
    minLength,
    maxLength: maxPasswordLength,
    description,
    examples: ['correct horse battery staple'],
  })

export const Registration = (minLength: number) =>
  Type.Object(
    {
      email,
      password: password(
        minLength,
        `${minLength} to ${maxPasswordLength} characters of any kind; not a common password and not the email's own name.`,
      ),
    },
    { $id: 'Registration', additionalProperties: false, description: 'An account to create.' },
  )
export type Registration = Static<ReturnType<typeof Registration>>

export const Login = Type.Object(
  { email: Type.String({ ...email }), password: password(1, 'The password of the account.') },
  { $id: 'Login', additionalProperties: false, description: 'Who logs in.' },
)
export type Login = Static<typeof Login>

const ignored = Type.Optional(
  Type.String({ pattern: '^[\\x20-\\x7e]*$', maxLength: 1000, description: 'Ignored.', examples: [''] }),
)

/** RFC 6749, section 4.3.2. Public clients send no secret; what they send besides is taken and ignored. */
export const PasswordGrant = Type.Object(
  {
    username: Login.properties.email,
    password: Login.properties.password,
    grant_type: Type.Optional(words(['password'], { description: 'The only grant there is.' })),
    scope: ignored,
    client_id: ignored,
    client_secret: ignored,
  },
  { $id: 'PasswordGrant', additionalProperties: false, description: 'The OAuth2 password form.' },
)
export type PasswordGrant = Static<typeof PasswordGrant>

const RefreshTokenText = Type.String({
  pattern: '^tmr_[\\w-]{65}$',
  maxLength: 69,
  description: 'Answers new tokens at /auth/refresh, once.',
  examples: [`tmr_${'k7Qp-'.repeat(13)}`],
})

/** RFC 6749, section 6. */
export const RefreshGrant = Type.Object(
  {
    refresh_token: RefreshTokenText,
    grant_type: Type.Optional(words(['refresh_token'], { description: 'The only grant that refreshes.' })),
    scope: ignored,
    client_id: ignored,
    client_secret: ignored,
  },
  { $id: 'RefreshGrant', additionalProperties: false, description: 'The OAuth2 refresh form.' },
)

export const Token = Type.Object(
  {
    access_token: Type.String({
      pattern: '^[\\w-]+(\\.[\\w-]+){2}$',
      maxLength: 4096,
      description: 'A JWT; send it as Authorization: Bearer.',
      examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl'],
    }),
    token_type: Type.Unsafe<'bearer'>({ type: 'string', enum: ['bearer'] }),
    expires_in: Type.Integer({
      format: 'int32',
      minimum: 60,
      maximum: 2_592_000,
      description: 'Seconds until the token expires.',
      examples: [3600],
    }),
    refresh_token: RefreshTokenText,
    refresh_expires_in: Type.Integer({
      format: 'int32',
      minimum: 0,
      maximum: 2_592_000,
      description: 'Seconds until the refresh token expires.',
      examples: [604_800],
    }),
  },
  { $id: 'Token', additionalProperties: false, description: 'What a login answers (RFC 6749, section 5.1).' },
)
export type Token = Static<typeof Token>

export const Refresh = Type.Object(
  { refresh_token: RefreshTokenText },
  { $id: 'Refresh', additionalProperties: false, description: 'What to exchange for new tokens.' },
)
