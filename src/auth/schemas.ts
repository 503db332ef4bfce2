import { type Static, Type } from '@sinclair/typebox'

const email = Type.String({
  format: 'email',
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

/** RFC 6749, section 4.3.2. Public clients send no secret; what they send besides is taken and ignored. */
export const PasswordGrant = Type.Object(
  {
    username: Login.properties.email,
    password: Login.properties.password,
    grant_type: Type.Optional(Type.String({ pattern: '^password$', description: 'password', examples: ['password'] })),
    scope: Type.Optional(Type.String({ maxLength: 1000, description: 'Ignored.' })),
    client_id: Type.Optional(Type.String({ maxLength: 1000, description: 'Ignored.' })),
    client_secret: Type.Optional(Type.String({ maxLength: 1000, description: 'Ignored.' })),
  },
  { $id: 'PasswordGrant', additionalProperties: false, description: 'The OAuth2 password form.' },
)
export type PasswordGrant = Static<typeof PasswordGrant>

export const Token = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT; send it as Authorization: Bearer.', examples: ['eyJhbGciOi…'] }),
    token_type: Type.Unsafe<'bearer'>({ type: 'string', enum: ['bearer'] }),
    expires_in: Type.Integer({ description: 'Seconds until the access token expires.', examples: [3600] }),
    refresh_token: Type.String({ description: 'Answers new tokens at /auth/refresh, once.', examples: ['tmr_…'] }),
    refresh_expires_in: Type.Integer({ description: 'Seconds until it expires.', examples: [604_800] }),
  },
  { $id: 'Token', additionalProperties: false, description: 'What a login answers (RFC 6749, section 5.1).' },
)
export type Token = Static<typeof Token>

export const Refresh = Type.Object(
  { refresh_token: Type.String({ minLength: 1, maxLength: 256, description: 'The latest one.', examples: ['tmr_…'] }) },
  { $id: 'Refresh', additionalProperties: false, description: 'What to exchange for new tokens.' },
)
