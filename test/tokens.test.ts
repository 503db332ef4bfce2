import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterEach, describe, expect, vi } from 'vitest'
import { test as base } from './support/app.ts'

const key = randomBytes(64).toString('base64url')
const kid = createHash('sha256').update(key).digest('hex').slice(0, 8)
const test = base.extend('app', { scope: 'file' }, ({ buildTestApp }) => buildTestApp({ SECRET_KEY: key }))

type Claims = Record<string, unknown>

const nowSeconds = () => Math.floor(Date.now() / 1000)
const lifetimeSeconds = 3600

/** The claims of a further token of the same session. */
const claimsOf = async ({ token }: { token: Promise<string> }): Promise<Claims> => ({
  iss: 'task-management-api',
  aud: 'task-management-api',
  sub: partOf(await token, 1).sub,
  sid: partOf(await token, 1).sid,
  jti: randomUUID(),
  iat: nowSeconds(),
  exp: nowSeconds() + lifetimeSeconds,
})

const partOf = (token: string, part: number) => JSON.parse(Buffer.from(token.split('.')[part]!, 'base64url').toString())

const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A token with this header and these claims, signed with our key unless told otherwise. */
function token(claims: Claims, header: object = {}, signature = hmac('sha256', key)): string {
  const input = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid, ...header })}.${encoded(claims)}`
  return `${input}.${signature(input)}`
}

const hmac = (hash: string, secret: string) => (input: string) =>
  createHmac(hash, secret).update(input).digest('base64url')

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa = (input: string) => sign('sha256', Buffer.from(input), privateKey).toString('base64url')

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const without = (name: string) => (claims: Claims) => {
  const { [name]: _, ...others } = claims
  return token(others)
}
const having = (changes: Claims) => (claims: Claims) => token({ ...claims, ...changes })
const under = (header: object) => (claims: Claims) => token(claims, header)

const forgeries: [name: string, forge: (claims: Claims) => string][] = [
  ['of algorithm none', (claims) => token(claims, { alg: 'none' }, () => '')],
  ['of algorithm None', (claims) => token(claims, { alg: 'None' }, () => '')],
  ['of algorithm none, signed', under({ alg: 'none' })],
  ['of HS384 by our key', (claims) => token(claims, { alg: 'HS384' }, hmac('sha384', key))],
  ['of HS512 by our key', (claims) => token(claims, { alg: 'HS512' }, hmac('sha512', key))],
  ['that says HS512 and is HS256', under({ alg: 'HS512' })],
  ['that says RS256', under({ alg: 'RS256' })],
  ['of RS256', (claims) => token(claims, { alg: 'RS256' }, rsa)],
  ['without an algorithm', under({ alg: undefined })],
  ['by another key', (claims) => token(claims, {}, hmac('sha256', randomBytes(64).toString('base64url')))],
  ['by an empty key', (claims) => token(claims, {}, hmac('sha256', ''))],
  ['without a signature', (claims) => token(claims, {}, () => '')],
  ['that is cut short', (claims) => token(claims).slice(0, -1)],
  ['that goes on', (claims) => `${token(claims)}A`],
  ['with its signature spelled otherwise', (claims) => respelled(token(claims))],
  ['that is padded', (claims) => `${token(claims)}=`],
  ['of two parts', (claims) => token(claims).split('.').slice(0, 2).join('.')],
  ['of four parts', (claims) => `${token(claims)}.${encoded({})}`],
  [
    'with a part of another token',
    (claims) => crossed(token(claims), token({ ...claims, sub: '1', jti: randomUUID() })),
  ],
  ['whose claims are no object', () => signedText('"text"')],
  ['whose claims are no JSON', () => signedText('{')],
  ['that is no token', () => 'garbage'],

  ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp'].map((name): [string, (claims: Claims) => string] => [
    `without ${name}`,
    without(name),
  ]),
  ['of another issuer', having({ iss: 'https://elsewhere.example' })],
  ['of an issuer that contains ours', having({ iss: 'task-management-api.elsewhere.example' })],
  ['for another audience', having({ aud: 'elsewhere' })],
  ['for another audience, as a list', having({ aud: ['elsewhere'] })],
  ['for several audiences', having({ aud: ['task-management-api', 'elsewhere'] })],
  ['with an empty jti', having({ jti: '' })],
  ['of type JWT', under({ typ: 'JWT' })],
  ['without a type', under({ typ: undefined })],

  ['whose subject is a name', having({ sub: 'ann' })],
  ['whose subject is a number', (claims) => token({ ...claims, sub: Number(claims.sub) })],
  ['whose subject has a zero in front', (claims) => token({ ...claims, sub: `0${claims.sub}` })],
  ['whose subject has an exponent', (claims) => token({ ...claims, sub: `${claims.sub}e0` })],
  ['whose subject has a space', (claims) => token({ ...claims, sub: ` ${claims.sub}` })],
  ['whose subject is negative', (claims) => token({ ...claims, sub: `-${claims.sub}` })],
  ['whose subject is a list', (claims) => token({ ...claims, sub: [claims.sub] })],
  ['whose subject is huge', having({ sub: '9'.repeat(30) })],
  ['whose subject is nobody', having({ sub: '999999999999999' })],

  ['whose session is none', having({ sid: '999999999999999' })],
  ['whose session is a number', (claims) => token({ ...claims, sid: Number(claims.sid) })],
  ['without a key id', under({ kid: undefined })],
  ['with another key id', under({ kid: '00000000' })],
  ['with a key id that is a list', under({ kid: [kid] })],

  ['that has expired', having({ iat: nowSeconds() - 7200, exp: nowSeconds() - 3600 })],
  ['whose expiry is text', (claims) => token({ ...claims, exp: String(claims.exp) })],
  ['whose expiry is null', having({ exp: null })],
  ['that lasts ten years', having({ exp: nowSeconds() + 10 * 365 * 86_400 })],
  ['that lasts a second longer than ours', (claims) => token({ ...claims, exp: Number(claims.exp) + 1 })],
  ['issued in an hour', having({ iat: nowSeconds() + 3600, exp: nowSeconds() + 7200 })],
  ['issued at a time that is text', (claims) => token({ ...claims, iat: String(claims.iat) })],
  ['not valid before an hour', having({ nbf: nowSeconds() + 3600 })],

  ['with a critical extension', under({ crit: ['b64'], b64: false })],
  [
    'with its own key as jwk',
    (claims) => token(claims, { alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) }, rsa),
  ],
  ['with a key elsewhere', (claims) => token(claims, { jku: 'http://127.0.0.1:1/keys' }, hmac('sha256', 'elsewhere'))],
  ['with a path as key id', (claims) => token(claims, { kid: '../../../dev/null' }, hmac('sha256', ''))],
]

/** The same bytes: the last character of 32 in base64url has two bits that say nothing. */
function respelled(token: string): string {
  const last = Buffer.from(`AAA${token.at(-1)}`, 'base64url')[2] ?? 0
  return (
    token.slice(0, -1) +
    Buffer.from([0, 0, last ^ 1])
      .toString('base64url')
      .at(-1)
  )
}

/** The first one's claims under the second one's signature. */
const crossed = (first: string, second: string) => [...first.split('.').slice(0, 2), second.split('.')[2]].join('.')

function signedText(claims: string): string {
  const input = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid })}.${Buffer.from(claims).toString('base64url')}`
  return `${input}.${hmac('sha256', key)(input)}`
}

/** Every refusal of a token, to the byte. */
function expectRefusal({ statusCode, headers, body }: LightMyRequestResponse) {
  expect(statusCode).toBe(401)
  expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"')
  expect(JSON.parse(body)).toEqual({
    type: '/problems#invalid-token',
    title: 'Invalid authentication credentials',
    status: 401,
    detail: 'Invalid authentication credentials',
    code: 'INVALID_TOKEN',
  })
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a token', () => {
  test('of our making opens the account', async ({ as, anyone }) => {
    const ann = as('ann')

    const reply = await anyone.get('/users/me', undefined, bearer(token(await claimsOf(ann))))

    expect([reply.statusCode, reply.json()]).toEqual([200, await ann.user])
  })

  test.for(forgeries)('%s is refused, and says no more than any other', async ([, forge], { as, anyone }) => {
    const ann = as('ann')
    const claims = await claimsOf(ann)
    const opens = async (token: string) => (await anyone.get('/users/me', undefined, bearer(token))).statusCode
    expect(await opens(token(claims))).toBe(200)

    const forged = forge({ ...claims, jti: randomUUID() })
    expectRefusal(await anyone.get('/users/me', undefined, bearer(forged)))
    expectRefusal(await anyone.post('/tasks', { title: 'Forged' }, bearer(forged)))

    expect((await ann.get('/tasks')).json()).toEqual([])
    expect(await opens(token(claims))).toBe(200)
  })

  test('that has served is refused once it has expired', async ({ as }) => {
    const ann = as('ann')
    const { exp } = partOf(await ann.token, 1)
    expect((await ann.get('/users/me')).statusCode).toBe(200)
    const at = (seconds: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: seconds * 1000 })
      return ann.get('/users/me')
    }

    expect((await at(exp - 1)).statusCode).toBe(200)
    expect((await at(exp + 4)).statusCode, 'clocks may be 5 s apart').toBe(200)
    expectRefusal(await at(exp + 5))
    expectRefusal(await at(exp + 86_400))
  })

  test('that has served is refused while the clock is behind it', async ({ as }) => {
    const ann = as('ann')
    expect((await ann.get('/users/me')).statusCode).toBe(200)

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })

    expectRefusal(await ann.get('/users/me'))
  })

  test('that has served is refused as soon as its account is inactive', async ({ as, db }) => {
    const bob = as('bob')
    const { id } = await bob.user
    expect((await bob.get('/users/me')).statusCode).toBe(200)

    await db.updateOne(db.tables.users, { id }, { isActive: false })
    expectRefusal(await bob.get('/users/me'))
    expectRefusal(await bob.post('/tasks', { title: 'Late' }))

    await db.updateOne(db.tables.users, { id }, { isActive: true })
    expect((await bob.get('/tasks')).json()).toEqual([])
  })

  test('that has served is refused as soon as its account is deleted', async ({ as, db }) => {
    const cat = as('cat')
    const { id } = await cat.user
    expect((await cat.get('/users/me')).statusCode).toBe(200)

    await db.deleteMany(db.tables.users, { id })

    expectRefusal(await cat.get('/users/me'))
  })

  test('of another issuer or audience is not ours, though the key is', async ({ as, buildTestApp }) => {
    const token = await as('ann').token

    for (const setting of ['TOKEN_ISSUER', 'TOKEN_AUDIENCE']) {
      const app = await buildTestApp({ SECRET_KEY: key, [setting]: 'other' })
      expectRefusal(await app.inject({ url: '/users/me', headers: bearer(token) }))
    }
  })

  test('that lasts longer than what is set now is refused', async ({ as, buildTestApp }) => {
    const app = await buildTestApp({ SECRET_KEY: key, ACCESS_TOKEN_EXPIRE_MINUTES: '59' })

    expectRefusal(await app.inject({ url: '/users/me', headers: bearer(await as('ann').token) }))
  })

  test.for([
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const)('is of %s where that is set, and of no other', async ([alg, hash], { as, buildTestApp }) => {
    const ann = as('ann')
    const claims = await claimsOf(ann)
    const app = await buildTestApp({ SECRET_KEY: key, ALGORITHM: alg })
    const open = (token: string) => app.inject({ url: '/users/me', headers: bearer(token) })

    const login = await app.inject({
      method: 'POST',
      url: '/auth/login',
      payload: { email: ann.email, password: ann.password },
    })

    const issued: string = login.json().access_token
    expect(partOf(issued, 0)).toEqual({ alg, typ: 'at+jwt', kid })
    expect((await open(issued)).statusCode).toBe(200)
    expect((await open(token(claims, { alg }, hmac(hash, key)))).statusCode).toBe(200)
    expectRefusal(await open(await ann.token))
    expectRefusal(await open(token(claims, { alg })))
  })
})

describe('the Authorization header', () => {
  test.for(['bearer', 'BEARER', 'BeArEr', 'Bearer '])('may say "%s"', async (scheme, { as, anyone }) => {
    const authorization = `${scheme} ${await as('ann').token}`

    expect((await anyone.get('/users/me', undefined, { authorization })).statusCode).toBe(200)
  })

  test.for<[name: string, write: (token: string) => Record<string, string>]>([
    ['missing', () => ({})],
    ['empty', () => ({ authorization: '' })],
    ['of another scheme', (token) => ({ authorization: `Basic ${token}` })],
    ['of a scheme that begins like ours', (token) => ({ authorization: `Bearertoken ${token}` })],
    ['without a scheme', (token) => ({ authorization: token })],
    ['without a token', () => ({ authorization: 'Bearer' })],
    ['of a token with white space in it', (token) => ({ authorization: `Bearer ${token.replace('.', ' .')}` })],
    ['of two tokens', (token) => ({ authorization: `Bearer ${token} ${token}` })],
    ['of two schemes', (token) => ({ authorization: `Basic Og==, Bearer ${token}` })],
    ['a cookie', (token) => ({ cookie: `token=${token}; access_token=${token}` })],
  ])('that is %s is no authentication', async ([, write], { as, anyone }) => {
    const headers = write(await as('ann').token)

    const reply = await anyone.get('/users/me', undefined, headers)

    expect(reply.statusCode).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(reply.json()).toMatchObject({ code: 'NOT_AUTHENTICATED', detail: 'Not authenticated' })
  })

  test('cannot be replaced by the query or the body', async ({ as, anyone }) => {
    const access_token = await as('ann').token

    const query = await anyone.get(`/users/me?access_token=${access_token}&token=${access_token}`)
    const body = await anyone.post('/tasks', { title: 'x', access_token })

    expect([query.statusCode, body.statusCode]).toEqual([401, 401])
  })
})
