import { type Static, Type } from '@sinclair/typebox'
import { Email, NewPassword, Password } from '../credentials/schemas.ts'
import { ref, words } from '../http/schemas.ts'
import { refreshTokenPattern } from '../sessions/refresh.ts'

export const Registration = (minLength: number) =>
  Type.Object(
    { email: Email, password: NewPassword(minLength) },
    { $id: 'Registration', additionalProperties: false, description: 'An account to create.' },
  )
export type Registration = Static<ReturnType<typeof Registration>>

export const Login = Type.Object(
  { email: Email, password: Password },
  { $id: 'Login', additionalProperties: false, description: 'The account to log in to.' },
)
export type Login = Static<typeof Login>

const ignored = Type.Optional(
  Type.String({ pattern: '^[\\x20-\\x7e]*$', maxLength: 1000, description: 'Ignored.', examples: [''] }),
)

/** RFC 6749, section 3.2: a form may hold more. The parser drops it before this is checked. */
const furtherParameters = {
  additionalProperties: Type.String({ maxLength: 65_536, description: 'Ignored.' }),
  maxProperties: 1000,
}

/** RFC 6749, section 4.3.2. Public clients send no secret; what they send is ignored. */
export const PasswordGrant = Type.Object(
  {
    username: Email,
    password: Password,
    grant_type: Type.Optional(words(['password'], { description: 'May be absent.' })),
    scope: ignored,
    client_id: ignored,
    client_secret: ignored,
  },
  { $id: 'PasswordGrant', ...furtherParameters, description: 'The OAuth2 password form.' },
)
export type PasswordGrant = Static<typeof PasswordGrant>

const RefreshTokenText = Type.String({
  pattern: refreshTokenPattern.source,
  maxLength: 69,
  description: 'Exchanged for new tokens at /auth/refresh, once.',
  examples: [`tmr_${'k7Qp-'.repeat(13)}`],
})

/** RFC 6749, section 6. */
export const RefreshGrant = Type.Object(
  {
    refresh_token: RefreshTokenText,
    grant_type: Type.Optional(
      words(['refresh_token'], { description: 'May be absent at /auth/refresh; at /auth/login it selects this form.' }),
    ),
    scope: ignored,
    client_id: ignored,
    client_secret: ignored,
  },
  { $id: 'RefreshGrant', ...furtherParameters, description: 'The OAuth2 refresh form.' },
)
export type RefreshGrant = Static<typeof RefreshGrant>

/** Either form, for one token endpoint: `grant_type` selects it. */
export const Grant = Type.Unsafe<PasswordGrant | RefreshGrant>({ anyOf: [ref(PasswordGrant), ref(RefreshGrant)] })

export const Token = Type.Object(
  {
    access_token: Type.String({
      pattern: '^[\\w-]+(\\.[\\w-]+){2}$',
      maxLength: 4096,
      description: 'A JWT; send it as Authorization: Bearer.',
      examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl'],
    }),
    token_type: words(['bearer']),
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
  { $id: 'Token', additionalProperties: false, description: 'The answer to a login (RFC 6749, section 5.1).' },
)
export type Token = Static<typeof Token>

export const Refresh = Type.Object(
  { refresh_token: RefreshTokenText },
  { $id: 'Refresh', additionalProperties: false, description: 'A refresh token to exchange for new tokens.' },
)

export const AccountDeletion = Type.Object(
  { password: Password },
  { $id: 'AccountDeletion', additionalProperties: false, description: 'Confirms the deletion with the password.' },
)
