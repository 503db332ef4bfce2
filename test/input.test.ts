import { gzipSync } from 'node:zlib'
import Sqlite from 'better-sqlite3'
import { describe, expect } from 'vitest'
import { parseDatabaseUrl } from '../src/database/url.ts'
import { test } from './support/app.ts'
import { dialect } from './support/database.ts'

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const password = 'correct horse battery'

describe('a body', () => {
  test.for<[type: string, encoding: string | undefined]>([
    ['application/json; charset=utf-16', undefined],
    ['application/json; charset=iso-8859-1', undefined],
    ['application/json;charset="utf-16le"', undefined],
    ['application/json', 'gzip'],
    ['application/json', 'br'],
    ['application/json', 'gzip, identity'],
    ['text/plain', undefined],
    ['text/json', undefined],
    ['application/xml', undefined],
    ['application/jsonp', undefined],
    ['application/json+x', undefined],
    [form, undefined],
    ['multipart/form-data; boundary=x', undefined],
    ['nonsense', undefined],
  ])('of %s, %s is refused', async ([type, encoding], { as }) => {
    const ann = as('ann')

    const headers = { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) }
    const reply = await ann.post('/tasks', '{"title":"Typed"}', headers)

    expect(reply.statusCode).toBe(415)
    expect(reply.json().code).toBe('UNSUPPORTED_MEDIA_TYPE')
    expect((await ann.get('/tasks')).body).not.toContain('Typed')
  })

  test('that is compressed is not read, whatever it holds', async ({ as }) => {
    const gzip = { 'content-type': json, 'content-encoding': 'gzip' }

    const reply = await as('ann').post('/tasks', gzipSync('{"title":"Small"}'), gzip)

    expect(reply.statusCode).toBe(415)
  })

  test.for(['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])(
    'of %s is taken',
    async (type, { as }) => {
      const reply = await as('ann').post('/tasks', '{"title":"Žluťoučký 🐎"}', { 'content-type': type })

      expect([reply.statusCode, reply.json().title]).toEqual([201, 'Žluťoučký 🐎'])
    },
  )

  test.for([
    ['a stray byte', Buffer.from('{"title":"Bad \xff"}', 'latin1')],
    [
      'a character that is cut',
      Buffer.concat([Buffer.from('{"title":"Bad '), Buffer.from('é').subarray(0, 1), Buffer.from('"}')]),
    ],
    ['a slash written too long', Buffer.from('{"title":"Bad \xc0\xaf"}', 'latin1')],
    ['a surrogate', Buffer.from('{"title":"Bad \xed\xa0\x80"}', 'latin1')],
    ['Latin-1', Buffer.from('{"title":"Bad caf\xe9"}', 'latin1')],
    ['UTF-16', Buffer.from('{"title":"Bad"}', 'utf16le')],
  ] as const)('that is not UTF-8 but has %s is refused', async ([, bytes], { as }) => {
    const ann = as('ann')

    const reply = await ann.post('/tasks', bytes, { 'content-type': json })

    expect([reply.statusCode, reply.json().code]).toEqual([400, 'MALFORMED_REQUEST'])
    expect((await ann.get('/tasks')).body).not.toContain('Bad')
  })

  test.for([' ', '{', '{"title":"x"', "{'title':'x'}", '{"title":"x",}', '{"title":NaN}', '{"a":1}{}', '"\u0001"'])(
    'that is not JSON is refused: %s',
    async (text, { as }) => {
      const reply = await as('ann').post('/tasks', text, { 'content-type': json })

      expect([reply.statusCode, reply.json().code]).toEqual([400, 'MALFORMED_REQUEST'])
    },
  )

  test.for(['null', '[]', '"title"', '1', 'true', '{}'])('that is no task is refused: %s', async (text, { as }) => {
    const reply = await as('ann').post('/tasks', text, { 'content-type': json })

    expect([reply.statusCode, reply.json().code]).toEqual([422, 'INVALID_INPUT'])
  })

  test('that is missing is refused', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Kept' })
    const url = `/tasks/${id}`

    for (const reply of [
      await ann.post('/tasks'),
      await ann.post('/tasks', '', { 'content-type': json }),
      await ann.put(url),
      await ann.patch(url),
    ]) {
      expect(reply.statusCode).toBe(422)
      expect(reply.json().errors).toEqual([{ detail: 'is required', pointer: '' }])
    }
  })

  test('may be announced and then missing where none is needed', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Deleted' })

    const reply = await ann.delete(`/tasks/${id}`, undefined, { 'content-type': json })

    expect(reply.statusCode).toBe(204)
  })

  test.for([
    ['text/plain', { 'content-length': '0' }],
    ['text/plain', {}],
    ['multipart/form-data; boundary=x', { 'content-length': '0' }],
    ['nonsense', { 'content-length': '0' }],
    ['application/json; charset=utf-16', { 'content-length': '0' }],
    ['application/octet-stream', { 'content-length': '0', 'content-encoding': 'gzip' }],
  ] as const)('is none without bytes, whatever its type: %s', async ([type, headers], { as, buildTestApp }) => {
    const app = await buildTestApp()
    const ann = as('ann')
    const authorization = `Bearer ${await ann.token}`
    const post = (url: string) =>
      app.inject({ method: 'POST', url, headers: { authorization, 'content-type': type, ...headers } })
    const { email, password } = ann
    const other = await app.inject({ method: 'POST', url: '/auth/login', payload: { email, password } })

    const required = await post('/tasks')
    const logout = await app.inject({
      method: 'POST',
      url: '/auth/logout',
      headers: { authorization: `Bearer ${other.json().access_token}`, 'content-type': type, ...headers },
    })

    expect([required.statusCode, required.json().errors]).toEqual([422, [{ detail: 'is required', pointer: '' }]])
    expect([logout.statusCode, logout.body]).toEqual([204, ''])
  })

  test('of a type that is not taken is refused where none is needed', async ({ as }) => {
    const reply = await as('ann').post('/auth/logout', 'text', { 'content-type': 'text/plain' })

    expect([reply.statusCode, reply.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test('may have 64 KiB, and not a byte more', async ({ as, anyone }) => {
    const { email, password, user } = as('ann')
    await user
    const logIn = (bytes: number) =>
      anyone.post('/auth/login', JSON.stringify({ email, password }).padEnd(bytes), { 'content-type': json })

    const fits = await logIn(65_536)
    const exceeds = await logIn(65_537)

    expect(fits.statusCode).toBe(200)
    expect([exceeds.statusCode, exceeds.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  test.for([
    [400, '{"title":"x","__proto__":{"isAdmin":true}}'],
    [400, '{"title":"x","\\u005f_proto__":{"isAdmin":true}}'],
    [400, '{"title":"x","constructor":{"prototype":{"isAdmin":true}}}'],
    [422, '{"title":"x","constructor":1}'],
    [422, '{"title":"x","toString":1}'],
    [422, '{"title":"x","hasOwnProperty":1}'],
  ] as const)('cannot touch what all objects have: %i to %s', async ([status, text], { as }) => {
    const reply = await as('ann').post('/tasks', text, { 'content-type': json })

    expect(reply.statusCode).toBe(status)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test.for([
    ['lists', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 422],
    ['objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 422],
    ['lists in a field', `{"title":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 422],
    ['lists that never end', '['.repeat(60_000), 400],
  ] as const)('may be as deep as it likes, and is refused: %s', async ([, text, status], { as }) => {
    const reply = await as('ann').post('/tasks', text, { 'content-type': json })

    expect(reply.statusCode).toBe(status)
  })

  test('with thousands of mistakes is answered in few words', async ({ as }) => {
    const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`f${i}`, i]))

    const reply = await as('ann').post('/tasks', { title: 'x', ...fields } as never)

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toHaveLength(20)
  })
})

describe('a value', () => {
  test.for<[body: object, pointer: string]>([
    [{ title: 123 }, '/title'],
    [{ title: true }, '/title'],
    [{ title: null }, '/title'],
    [{ title: ['x'] }, '/title'],
    [{ title: '' }, '/title'],
    [{ title: ' \t\n\u3000' }, '/title'],
    [{ title: 'x'.repeat(501) }, '/title'],
    [{ title: 'x', description: 5 }, '/description'],
    [{ title: 'x', description: {} }, '/description'],
    [{ title: 'x', description: 'x'.repeat(20_001) }, '/description'],
    [{ title: 'x', status: 'done' }, '/status'],
    [{ title: 'x', status: null }, '/status'],
    [{ title: 'x', status: 0 }, '/status'],
    [{ title: 'x', colour: 'red' }, '/colour'],
    [{ title: 'x', 'a/b~c': 1 }, '/a~1b~0c'],
    [{ title: 'x', id: 1 }, '/id'],
    [{ title: 'x', user_id: 1 }, '/user_id'],
    [{ title: 'x', created_at: '2026-01-01T00:00:00.000Z' }, '/created_at'],
    [{ title: 'x', completed_at: null }, '/completed_at'],
  ])('of a task is taken as it is or not at all: %j', async ([body, pointer], { as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'As it was', description: 'Kept' })

    const replies = [
      await ann.post('/tasks', body),
      await ann.put(`/tasks/${task.id}`, body),
      await ann.patch(`/tasks/${task.id}`, body),
    ]

    for (const reply of replies) {
      expect([reply.statusCode, reply.json().code]).toEqual([422, 'INVALID_INPUT'])
      expect(new Set(reply.json().errors.map((error: { pointer: string }) => error.pointer))).toEqual(
        new Set([pointer]),
      )
    }
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  const illFormed = [
    ['U+0000', 'a\\u0000b'],
    ['a lone high surrogate', 'a\\ud800b'],
    ['a lone low surrogate', 'a\\udc00b'],
    ['surrogates in the wrong order', 'a\\udc00\\ud800b'],
  ] as const

  test.for(illFormed)('of a task holds no %s', async ([, text], { as }) => {
    const ann = as('dora')
    const task = await ann.creates({ title: 'As it was' })

    for (const [field, body] of [
      ['title', `{"title":"${text}"}`],
      ['description', `{"title":"x","description":"${text}"}`],
      ['status', `{"title":"x","status":"${text}"}`],
      ['x', `{"title":"x","x":"${text}"}`],
    ] as const) {
      const headers = { 'content-type': json }
      const replies = [await ann.post('/tasks', body, headers), await ann.patch(`/tasks/${task.id}`, body, headers)]
      for (const reply of replies) {
        expect(reply.statusCode).toBe(422)
        expect(reply.json().errors).toEqual([{ detail: expect.any(String), pointer: `/${field}` }])
      }
    }
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
    expect((await ann.delete(`/tasks/${task.id}`)).statusCode).toBe(204)
    expect((await ann.get('/tasks')).json()).toEqual([])
  })

  test.for(illFormed)('of an account holds no %s', async ([, text], { anyone }) => {
    for (const url of ['/auth/register', '/auth/login']) {
      for (const [field, body] of [
        ['email', `{"email":"${text}@example.org","password":"${password}"}`],
        ['email', `{"email":"ill@${text}.example.org","password":"${password}"}`],
        ['password', `{"email":"ill@example.org","password":"${password}${text}"}`],
      ] as const) {
        const reply = await anyone.post(url, body, { 'content-type': json })
        expect(reply.statusCode, body).toBe(422)
        expect(reply.json().errors).toEqual([{ detail: expect.any(String), pointer: `/${field}` }])
      }
    }
    const login = await anyone.post('/auth/login', { email: 'ill@example.org', password })
    expect(login.statusCode).toBe(401)
  })

  test.for([
    ['username', `username=a%00b%40example.org&password=${password}`],
    ['password', 'username=ann%40example.org&password=a%00b'],
    ['scope', `username=ann%40example.org&password=${password}&scope=a%00b`],
    ['username', `username=ann%40example.org&username=bob%40example.org&password=${password}`],
    ['password', 'username=ann%40example.org&password=one&password=two'],
    ['grant_type', `grant_type=client_credentials&username=ann%40example.org&password=${password}`],
    ['password', 'username=ann%40example.org'],
    ['username', ''],
  ])('of the login form is refused at %s: %s', async ([field, body], { anyone }) => {
    const reply = await anyone.post('/auth/login', body, { 'content-type': form })

    expect(reply.statusCode).toBe(400)
    expect(reply.json().errors).toContainEqual({ detail: expect.any(String), pointer: `/${field}` })
  })

  test('of the login form is UTF-8', async ({ anyone }) => {
    const bytes = Buffer.from('username=ann%40example.org&password=caf\xe9', 'latin1')

    const reply = await anyone.post('/auth/login', bytes, { 'content-type': form })

    expect([reply.statusCode, reply.json().code]).toEqual([400, 'MALFORMED_REQUEST'])
  })
})

describe('a number in the URL', () => {
  test.for<[spelling: string, spell: (id: number) => string]>([
    ['hexadecimal', (id) => `0x${id.toString(16)}`],
    ['binary', (id) => `0b${id.toString(2)}`],
    ['a zero in front', (id) => `0${id}`],
    ['an exponent', (id) => `${id}e0`],
    ['a plus sign', (id) => `+${id}`],
    ['an encoded plus sign', (id) => `%2B${id}`],
    ['a minus sign', (id) => `-${id}`],
    ['a space in front', (id) => `%20${id}`],
    ['a space behind', (id) => `${id}%20`],
    ['a line feed behind', (id) => `${id}%0A`],
    ['a NUL behind', (id) => `${id}%00`],
    ['an encoded slash', (id) => `%2F${id}`],
    ['decimals', (id) => `${id}.0`],
    ['a separator', (id) => `${id},0`],
    ['Arabic digits', (id) => String(id).replace(/\d/g, (digit) => encodeURIComponent('٠١٢٣٤٥٦٧٨٩'[+digit]!))],
    ['wide digits', (id) => String(id).replace(/\d/g, (digit) => encodeURIComponent('０１２３４５６７８９'[+digit]!))],
    ['zero', () => '0'],
    ['sixteen digits', () => '1000000000000000'],
    ['infinity', () => '1e309'],
    ['no number', () => 'NaN'],
    ['a word', () => 'null'],
    ['a prototype', () => '__proto__'],
  ])('is not %s', async ([, spell], { as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'As it was' })
    const url = `/tasks/${spell(task.id)}`

    const replies = [
      await ann.get(url),
      await ann.put(url, { title: 'Changed' }),
      await ann.patch(url, { title: 'Changed' }),
      await ann.delete(url),
    ]

    for (const reply of replies) {
      expect(reply.statusCode).toBe(422)
      expect(reply.json().errors).toEqual([{ detail: expect.any(String), parameter: 'id' }])
    }
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  test('may have fifteen digits', async ({ as }) => {
    expect((await as('ann').get('/tasks/999999999999999')).json().code).toBe('TASK_NOT_FOUND')
    expect((await as('ann').get('/users/me/activity?cursor=999999999999999')).statusCode).toBe(200)
  })

  test.for([
    '',
    '0',
    '501',
    '-1',
    '0x1',
    '01',
    '1e0',
    '1e309',
    '+1',
    '%201',
    '1%20',
    '1.0',
    '1,2',
    '%D9%A1',
    'NaN',
    'Infinity',
    'null',
    '%00',
    '%FF',
    '1000000000000000',
    '1&limit=2',
  ])('limit=%s is refused', async (limit, { as }) => {
    const reply = await as('ann').get(`/tasks?limit=${limit}`)

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([{ detail: expect.any(String), parameter: 'limit' }])
  })

  test.for(['', '0', '-1', '0x1', '01', '1e0', '%201', '1%0A', 'x', '%00', '%FF', '1000000000000000', '1&cursor=2'])(
    'cursor=%s is refused',
    async (cursor, { as }) => {
      const reply = await as('ann').get(`/users/me/activity?cursor=${cursor}`)

      expect(reply.statusCode).toBe(422)
      expect(reply.json().errors).toEqual([{ detail: expect.any(String), parameter: 'cursor' }])
    },
  )

  test.for(['colour=red', 'LIMIT=1', '__proto__=1', 'constructor=1', 'limit[]=1', '%00=1', 'user_id=1'])(
    'has no company that nobody asked for: %s',
    async (query, { as }) => {
      const reply = await as('ann').get(`/tasks?${query}`)

      expect(reply.statusCode).toBe(422)
      expect(reply.json().errors).toEqual([{ detail: expect.any(String), parameter: expect.any(String) }])
    },
  )

  test.for<[method: 'get' | 'delete', url: (id: number) => string]>([
    ['get', () => '/users/me?x=1'],
    ['get', (id) => `/tasks/${id}?x=1`],
    ['delete', (id) => `/tasks/${id}?x=1`],
  ])('%s takes no query that it does not know', async ([method, url], { as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Asked for' })

    const reply = await ann[method](url(id))

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([{ detail: expect.any(String), parameter: 'x' }])
  })
})

describe('an email', () => {
  test('that cannot be taken is answered with how one looks', async ({ anyone }) => {
    const reply = await anyone.post('/auth/register', { email: 'ann at example', password })

    expect(reply.json()).toMatchObject({
      detail: 'email must be an address like ann@example.org',
      errors: [{ detail: 'must be an address like ann@example.org', pointer: '/email' }],
    })
  })

  test('is one in Unicode and in Punycode', async ({ anyone }) => {
    const [unicode, punycode] = ['ann@münchen.example', 'ann@xn--mnchen-3ya.example']
    const logIn = async (email: string) => (await anyone.post('/auth/login', { email, password })).statusCode

    const first = await anyone.post('/auth/register', { email: punycode, password })
    const second = await anyone.post('/auth/register', { email: unicode, password })

    expect([first.statusCode, first.json().email]).toEqual([201, unicode])
    expect(second.statusCode).toBe(409)
    expect([await logIn(unicode), await logIn(punycode), await logIn('Ann@XN--MNCHEN-3YA.example')]).toEqual([
      200, 200, 200,
    ])
  })

  test('of an older account still works, and is taken, in the spelling it was made with', async ({
    anyone,
    db,
    as,
  }) => {
    const older = as('older')
    const { id } = await older.user
    await db.updateOne(db.tables.users, { id }, { email: 'old@xn--mnchen-3ya.example' })
    const logIn = async (email: string) =>
      (await anyone.post('/auth/login', { email, password: older.password })).statusCode

    expect(await logIn('old@xn--mnchen-3ya.example')).toBe(200)
    expect(await logIn('old@münchen.example')).toBe(200)
    expect((await anyone.post('/auth/register', { email: 'old@münchen.example', password })).json().code).toBe(
      'EMAIL_TAKEN',
    )
    expect((await older.get('/users/me')).json().email).toBe('old@xn--mnchen-3ya.example')
  })

  test('of two older accounts with one mailbox leads to the one that is spelled like it', async ({
    anyone,
    db,
    as,
  }) => {
    const [unicode, punycode] = [as('unicode'), as('punycode')]
    await db.updateOne(db.tables.users, { id: (await unicode.user).id }, { email: 'two@münchen.example' })
    await db.updateOne(db.tables.users, { id: (await punycode.user).id }, { email: 'two@xn--mnchen-3ya.example' })
    const logIn = async (email: string, { password }: { password: string }) =>
      (await anyone.post('/auth/login', { email, password })).statusCode

    expect(await logIn('two@münchen.example', unicode)).toBe(200)
    expect(await logIn('two@xn--mnchen-3ya.example', punycode)).toBe(200)
  })

  test('that differs by an accent is another account; by its case it is not', async ({ anyone }) => {
    const accounts = [
      { email: 'a@accents.example', password: `${password} plain` },
      { email: 'á@accents.example', password: `${password} accent` },
      { email: 'ss@accents.example', password: `${password} ss` },
      { email: 'ß@accents.example', password: `${password} sharp` },
    ]
    const replies = await Promise.all(accounts.map((account) => anyone.post('/auth/register', account)))
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201])
    const ids = replies.map((reply) => reply.json().id)

    const idAfterLogin = async (email: string, password: string) => {
      const { access_token } = (await anyone.post('/auth/login', { email, password })).json()
      const me = await anyone.get('/users/me', undefined, { authorization: `Bearer ${access_token}` })
      return me.json().id
    }

    expect(await idAfterLogin('A@ACCENTS.example', `${password} plain`)).toBe(ids[0])
    expect(await idAfterLogin('Á@accents.example', `${password} accent`)).toBe(ids[1])
    expect(await idAfterLogin('A\u0301@accents.example', `${password} accent`)).toBe(ids[1])
    expect(await idAfterLogin('SS@accents.example', `${password} ss`)).toBe(ids[2])
    expect(await idAfterLogin('ß@accents.example', `${password} sharp`)).toBe(ids[3])
    expect(await idAfterLogin('a@accents.example', `${password} accent`)).toBeUndefined()
  })
})

describe.runIf(dialect === 'sqlite')('a SQLite file that another process writes to', () => {
  test('delays writes, then refuses them, and keeps no read from being answered', async ({ as, databaseUrl }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'As it was' })
    using other = holding(parseDatabaseUrl(databaseUrl).location)

    const write = ann.patch(`/tasks/${task.id}`, { title: 'Changed' })
    let isAnswered = false
    void write.then(() => (isAnswered = true))
    for (let i = 0; i < 10; i++) {
      const read = await ann.get(`/tasks/${task.id}`)
      expect([read.statusCode, read.json().title]).toEqual([200, 'As it was'])
    }
    expect(isAnswered, 'the reads were answered while the write was waiting').toBe(false)

    const refused = await write
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'DATABASE_UNAVAILABLE'])
    expect(refused.headers['retry-after']).toBe('1')
    other.letGo()
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
    expect((await ann.patch(`/tasks/${task.id}`, { title: 'Changed' })).json().title).toBe('Changed')
  })
})

/** Another process's write lock, as far as SQLite can tell. */
function holding(file: string) {
  const client = new Sqlite(file)
  client.exec('begin immediate')
  return { letGo: () => client.exec('rollback'), [Symbol.dispose]: () => client.close() }
}
