import { describe, expect } from 'vitest'
import { test as base, type Person } from './support/app.ts'

type Headers = Record<string, string>

/** `door` asks an app whose answers are not held against the document: OpenAPI has no words for WebDAV. */
const test = base.extend('door', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp({ RATE_LIMIT_MAX: '100000' })
  return async (method: string, url: string, { body = '', ...headers }: Headers = {}) => {
    const reply = await app.inject({ method: method as 'GET', url, payload: body, headers })
    return { status: reply.statusCode, body: reply.body, headers: reply.headers, etag: String(reply.headers.etag) }
  }
})

const basic = (email: string, token: string) => ({
  authorization: `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`,
})

/** A person at the door, and the address of their Inbox. */
async function enter(person: Person, scopes = ['tasks:read', 'tasks:write']) {
  const { id, email } = (await person.get('/users/me')).json()
  const { token } = (await person.post('/users/me/tokens', { name: 'phone', scopes })).json()
  const [inbox] = (await person.get('/projects')).json()
  return { id, email, token, auth: basic(email, token), home: `/dav/${id}/`, inbox: `/dav/${id}/${inbox.id}/` }
}

const todo = (uid: string, ...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VTODO', `UID:${uid}`, ...lines, 'END:VTODO', 'END:VCALENDAR', ''].join(
    '\r\n',
  )

const propfind = (...names: string[]) =>
  `<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="http://apple.com/ns/ical/"><prop>${names.map((name) => `<${name}/>`).join('')}</prop></propfind>`

const sync = (token: string, limit = '') =>
  `<sync-collection xmlns="DAV:"><sync-token>${token}</sync-token>${limit && `<limit><nresults>${limit}</nresults></limit>`}<prop><getetag/></prop></sync-collection>`

const tokenIn = (body: string) => /<d:sync-token>([^<]+)</.exec(body)![1]!
const changesIn = (body: string) =>
  [...body.matchAll(/<d:response><d:href>([^<]+)<\/d:href>(.*?)<\/d:response>/g)].map(([, href, rest]) => [
    decodeURIComponent(href!).split('/').at(-1),
    /HTTP\/1\.1 (\d+)/.exec(rest!)![1],
  ])
const titled = async (person: Person, title: string) =>
  (await person.get(`/tasks?q=${encodeURIComponent(title)}`)).json()[0]

describe('a calendar program', () => {
  test('finds the lists from the root, with an email and a personal access token', async ({ as, door }) => {
    const ann = as('finds')
    const { auth, home, inbox, email } = await enter(ann)

    const asked = { ...auth, depth: '0' }
    const principal = await door('PROPFIND', '/', { ...asked, body: propfind('current-user-principal') })
    const homeSet = await door('PROPFIND', home, { ...asked, body: propfind('c:calendar-home-set', 'no-such') })
    const lists = await door('PROPFIND', home, { ...auth, depth: '1', body: propfind('resourcetype', 'displayname') })

    expect((await door('PROPFIND', '/.well-known/caldav')).headers.location).toBe('/dav/')
    expect(principal).toMatchObject({ status: 207, body: expect.stringContaining(`<d:href>${home}</d:href>`) })
    expect(homeSet.body).toContain(`<c:calendar-home-set><d:href>${home}</d:href></c:calendar-home-set>`)
    expect(homeSet.body).toContain('<d:no-such/></d:prop><d:status>HTTP/1.1 404 Not Found')
    expect(lists.body).toContain(`<d:href>${inbox}</d:href>`)
    expect(lists.body).toContain('<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>')
    expect((await door('OPTIONS', home)).headers.dav).toBe('1, 3, calendar-access, extended-mkcol')
    for (const wrong of [{}, basic(email, 'correct horse battery'), basic('eve@example.org', 'tma_x')]) {
      const reply = await door('PROPFIND', home, wrong as Headers)
      expect(reply.status).toBe(401)
      expect(reply.headers['www-authenticate']).toMatch(/^Basic realm=.*charset="UTF-8"$/)
    }
  })

  test('is told nothing of others, and writes only with the scope for it', async ({ as, door }) => {
    const [ann, eve] = [as('owner'), as('eve')]
    const mine = await enter(ann)
    const theirs = await enter(eve)
    const reader = await enter(ann, ['tasks:read'])
    const body = todo('one', 'SUMMARY:Mine')
    await door('PUT', `${mine.inbox}one.ics`, { ...mine.auth, body })

    for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND', 'REPORT', 'MKCALENDAR', 'PROPPATCH']) {
      const reply = await door(method, `${mine.inbox}one.ics`, { ...theirs.auth, depth: '0', body })
      expect(reply.status, method).toBe(404)
    }
    expect((await door('GET', `${mine.inbox}one.ics`, basic(theirs.email, mine.token))).status).toBe(401)
    expect((await door('PUT', `${mine.inbox}two.ics`, { ...reader.auth, body })).status).toBe(403)
    expect((await door('GET', `${mine.inbox}one.ics`, reader.auth)).body).toBe(body)
    const privileges = { ...reader.auth, depth: '0', body: propfind('current-user-privilege-set') }
    expect((await door('PROPFIND', mine.inbox, privileges)).body).not.toContain('<d:write')
  })

  test('has back byte for byte what it sent, and only what changed elsewhere is written anew', async ({ as, door }) => {
    const ann = as('bytes')
    const { auth, inbox } = await enter(ann)
    const url = `${inbox}some%20name.ics`
    const text = todo(
      'keeps@x',
      'SUMMARY:Buy milk',
      'PRIORITY:2',
      'DUE;VALUE=DATE:20261210',
      'CATEGORIES:home,shop',
      'X-APPLE-SORT-ORDER:700000',
      'X-FOO;X-P=1:bar',
      'BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM',
    )

    const made = await door('PUT', url, { ...auth, 'if-none-match': '*', body: text })
    const got = await door('GET', url, auth)
    const task = await titled(ann, 'Buy milk')
    await ann.patch(`/tasks/${task.id}`, { title: 'Buy oat milk', labels: ['home'] })
    const after = await door('GET', url, auth)

    expect(made).toMatchObject({ status: 201, etag: got.etag })
    expect(got.body).toBe(text)
    expect(task).toMatchObject({ priority: 'urgent', due: { date: '2026-12-10' }, labels: ['home', 'shop'] })
    expect(after.etag).not.toBe(got.etag)
    for (const line of ['SUMMARY:Buy oat milk', 'PRIORITY:2', 'CATEGORIES:home', 'X-FOO;X-P=1:bar', 'ACTION:AUDIO'])
      expect(after.body).toContain(`\r\n${line}\r\n`)
    expect((await door('PUT', url, { ...auth, 'if-none-match': '*', body: text })).status).toBe(412)
    expect((await door('PUT', url, { ...auth, 'if-match': got.etag, body: text })).status).toBe(412)
    expect((await titled(ann, 'oat')).title).toBe('Buy oat milk')
    expect((await door('GET', url, { ...auth, 'if-none-match': after.etag })).status).toBe(304)
    const written = await door('PUT', url, { ...auth, 'if-match': after.etag, body: text })
    expect(written).toMatchObject({ status: 204 })
    expect((await door('DELETE', url, { ...auth, 'if-match': after.etag })).status).toBe(412)
    expect((await door('DELETE', url, { ...auth, 'if-match': written.etag })).status).toBe(204)
    expect((await ann.get('/tasks?trashed=true')).json()).toMatchObject([{ id: task.id }])
  })

  test('follows a list by sync-collection, over moves, deletions and pages', async ({ as, door }) => {
    const ann = as('follows')
    const { auth, inbox } = await enter(ann)
    const { id: house } = (await ann.post('/projects', { name: 'House' })).json()
    const tasks = []
    for (const title of ['a', 'b', 'c', 'd']) tasks.push(await ann.creates({ title }))
    const nameOf = ({ id, created_at }: { id: number; created_at: string }) =>
      `${id}-${Date.parse(created_at)}@tasks.ics`
    const [a, b, c, d] = tasks.map((task) => nameOf(task as never))
    const report = (token: string, limit?: string) => door('REPORT', inbox, { ...auth, body: sync(token, limit) })

    const first = await report('')
    const nothing = await report(tokenIn(first.body))
    const page = await report('', '3')
    const rest = await report(tokenIn(page.body))
    await ann.delete(`/tasks/${tasks[0]!.id}`)
    await ann.delete(`/tasks/${tasks[1]!.id}?permanent=true`)
    await ann.post(`/tasks/${tasks[2]!.id}/move`, { project_id: house })
    await ann.patch(`/tasks/${tasks[3]!.id}`, { title: 'D' })
    const later = await report(tokenIn(nothing.body))

    expect(changesIn(first.body)).toEqual([a, b, c, d].map((name) => [name, '200']))
    expect(changesIn(nothing.body)).toEqual([])
    expect(changesIn(later.body).toSorted()).toEqual(
      [
        [a, '404'],
        [b, '404'],
        [c, '404'],
        [d, '200'],
      ].toSorted(),
    )
    expect(page.body).toContain('number-of-matches-within-limits')
    expect(changesIn(page.body).slice(0, 3)).toEqual([a, b, c].map((name) => [name, '200']))
    expect(changesIn(rest.body)).toEqual([[d, '200']])
    for (const token of ['data:,2-1', 'data:,1-999999', 'nonsense']) {
      expect(await report(token)).toMatchObject({ status: 403, body: expect.stringContaining('<d:valid-sync-token/>') })
    }
  })

  test('makes, renames and deletes lists', async ({ as, door }) => {
    const ann = as('lists')
    const { auth, home, inbox } = await enter(ann)
    const set = (...properties: string[]) =>
      `<x:propertyupdate xmlns:x="DAV:" xmlns:a="http://apple.com/ns/ical/" xmlns:o="urn:other"><x:set><x:prop>${properties.join('')}</x:prop></x:set></x:propertyupdate>`
    const patch = (...properties: string[]) =>
      door('PROPPATCH', `${home}groceries/`, { ...auth, body: set(...properties) })
    const read = { ...auth, depth: '0', body: propfind('displayname', 'a:calendar-color', 'o xmlns="urn:other"') }

    expect((await door('MKCALENDAR', `${home}groceries/`, auth)).status).toBe(201)
    expect((await door('MKCOL', `${home}groceries`, auth)).status).toBe(405)
    await patch(
      '<x:displayname>Groceries</x:displayname>',
      '<a:calendar-color>#FF0000FF</a:calendar-color>',
      '<o:o>x</o:o>',
    )
    const refused = await patch('<x:displayname>No</x:displayname>', '<x:getetag>"1"</x:getetag>')

    expect((await ann.get('/projects')).json()[1]).toMatchObject({ name: 'Groceries', color: '#ff0000' })
    expect(refused.body).toMatch(/displayname.*424 Failed Dependency.*getetag.*403 Forbidden/s)
    expect((await door('PROPFIND', `${home}groceries/`, read)).body).toMatch(/Groceries.*#FF0000FF.*>x</s)
    expect((await door('PUT', `${home}nowhere/a.ics`, { ...auth, body: todo('n') })).status).toBe(409)
    expect((await door('DELETE', `${home}groceries/`, auth)).status).toBe(204)
    expect((await ann.get('/projects?trashed=true')).json()).toMatchObject([{ name: 'Groceries' }])
    expect((await door('DELETE', inbox, auth)).status).toBe(409)
  })

  test('moves a task by writing it to another list and deleting it from the first', async ({ as, door }) => {
    const ann = as('moves')
    const { auth, home, inbox } = await enter(ann)
    await door('MKCALENDAR', `${home}other/`, auth)
    await door('PUT', `${inbox}m.ics`, { ...auth, body: todo('m', 'SUMMARY:Moves') })
    const { id } = await titled(ann, 'Moves')
    await ann.post(`/tasks/${id}/comments`, { body: 'stays' })

    const put = await door('PUT', `${home}other/m.ics`, { ...auth, body: todo('m', 'SUMMARY:Moves') })
    const again = await door('DELETE', `${inbox}m.ics`, auth)
    await door('DELETE', `${home}other/m.ics`, auth)
    const back = await door('PUT', `${inbox}m2.ics`, { ...auth, body: todo('m', 'SUMMARY:Moves') })

    expect([put.status, again.status, back.status]).toEqual([201, 404, 201])
    expect((await titled(ann, 'Moves')).id).toBe(id)
    expect((await ann.get(`/tasks/${id}/comments`)).json()).toMatchObject([{ body: 'stays' }])
    const taken = await door('PUT', `${inbox}m3.ics`, { ...auth, body: todo('m', 'SUMMARY:Twice') })
    expect(taken).toMatchObject({ status: 403, body: expect.stringMatching(/no-uid-conflict.*m2\.ics/) })
  })

  test('sends a subtask before its parent, and deletes a parent without its subtasks', async ({ as, door }) => {
    const ann = as('subtasks')
    const { auth, inbox } = await enter(ann)
    const child = todo('child', 'SUMMARY:Child', 'RELATED-TO:parent')
    await door('PUT', `${inbox}child.ics`, { ...auth, body: child })
    expect((await titled(ann, 'Child')).parent_id).toBeNull()

    await door('PUT', `${inbox}parent.ics`, { ...auth, body: todo('parent', 'SUMMARY:Parent') })
    const parent = await titled(ann, 'Parent')
    expect((await titled(ann, 'Child')).parent_id).toBe(parent.id)
    expect((await door('GET', `${inbox}child.ics`, auth)).body).toBe(child)
    await door('DELETE', `${inbox}parent.ics`, auth)

    expect(await titled(ann, 'Child')).toMatchObject({ parent_id: null, deleted_at: null })
    expect((await door('GET', `${inbox}child.ics`, auth)).body).toBe(child)
  })

  test('completes an occurrence of a series, in each of the ways that programs have', async ({ as, door }) => {
    const ann = as('series')
    const { auth, inbox } = await enter(ann)
    const series = (...more: string[]) =>
      todo(
        's',
        'SUMMARY:Series',
        'DTSTART;VALUE=DATE:20990105',
        'DUE;VALUE=DATE:20990105',
        'RRULE:FREQ=WEEKLY',
        ...more,
      )
    const put = (body: string) => door('PUT', `${inbox}s.ics`, { ...auth, body })
    await put(series())
    const { id } = await titled(ann, 'Series')

    const done = await put(series('STATUS:COMPLETED'))
    const advanced = await door('GET', `${inbox}s.ics`, auth)
    expect(done).toMatchObject({ status: 204, etag: 'undefined' })
    expect(await titled(ann, 'Series')).toMatchObject({ status: 'pending', due: { date: '2099-01-12' } })
    expect(advanced.body).toContain('DUE;VALUE=DATE:20990112')
    expect(advanced.body).toContain('RRULE:FREQ=WEEKLY')

    const override = ['BEGIN:VTODO', 'UID:s', 'RECURRENCE-ID;VALUE=DATE:20990112', 'STATUS:COMPLETED', 'END:VTODO', '']
    const both = advanced.body.replace('END:VCALENDAR', `${override.join('\r\n')}END:VCALENDAR`)
    expect((await put(both)).status).toBe(204)
    expect((await door('GET', `${inbox}s.ics`, auth)).body).toBe(both)
    expect(await titled(ann, 'Series')).toMatchObject({ due: { date: '2099-01-19' } })
    expect((await ann.get(`/tasks/${id}/completions`)).json()).toHaveLength(2)
    expect((await put(both.replace('SUMMARY:Series', 'SUMMARY:Series!'))).status).toBe(204)
    expect(await titled(ann, 'Series')).toMatchObject({ due: { date: '2099-01-19' }, title: 'Series!' })
  })

  test('asks for what meets a filter', async ({ as, door }) => {
    const ann = as('filters')
    const { auth, inbox } = await enter(ann)
    await ann.creates({ title: 'Undated' })
    await ann.creates({ title: 'Dated', due: { date: '2026-12-10' } })
    await ann.creates({ title: 'Done', status: 'completed' })
    const query = async (inner: string, component = 'VTODO') => {
      const filter = `<c:comp-filter name="VCALENDAR"><c:comp-filter name="${component}">${inner}</c:comp-filter></c:comp-filter>`
      const body = `<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop><c:calendar-data/></prop><c:filter>${filter}</c:filter></c:calendar-query>`
      const reply = await door('REPORT', inbox, { ...auth, body })
      return [...reply.body.matchAll(/SUMMARY:(\w+)/g)].map(([, title]) => title)
    }

    expect(await query('')).toEqual(['Undated', 'Dated', 'Done'])
    expect(await query('', 'VEVENT')).toEqual([])
    expect(await query('<c:prop-filter name="COMPLETED"><c:is-not-defined/></c:prop-filter>')).toEqual([
      'Undated',
      'Dated',
    ])
    expect(await query('<c:prop-filter name="SUMMARY"><c:text-match>DAT</c:text-match></c:prop-filter>')).toHaveLength(
      2,
    )
    const range = '<c:time-range start="20261201T000000Z" end="20261231T000000Z"/>'
    expect(await query(range)).toContain('Dated')
    expect(await query(range.replace('1201', '1211'))).not.toContain('Dated')
  })

  test.for<[what: string, status: number, condition: string, body: string]>([
    ['no iCalendar', 403, 'valid-calendar-data', 'hello'],
    ['an event', 403, 'supported-calendar-component', todo('e', 'SUMMARY:x').replaceAll('VTODO', 'VEVENT')],
    ['two tasks', 403, 'valid-calendar-object-resource', todo('a\r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:b')],
    ['one task twice', 403, 'valid-calendar-object-resource', todo('a\r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:a')],
    [
      'an invitation',
      403,
      'valid-calendar-object-resource',
      todo('a').replace('VERSION:2.0', 'VERSION:2.0\r\nMETHOD:REQUEST'),
    ],
    ['a title that is too long', 403, 'valid-calendar-data', todo('a', `SUMMARY:${'x'.repeat(501)}`)],
    ['a rule by the second', 403, 'valid-calendar-data', todo('a', 'DUE:20261201T090000Z', 'RRULE:FREQ=SECONDLY')],
    ['too many bytes', 403, 'max-resource-size', todo('a', `DESCRIPTION:${'x'.repeat(110_000)}`)],
    [
      'components in one another',
      403,
      'valid-calendar-data',
      `${'BEGIN:VTODO\r\n'.repeat(2_000)}${'END:VTODO\r\n'.repeat(2_000)}`,
    ],
    ['a control character', 403, 'valid-calendar-data', todo('a', 'SUMMARY:\u0007')],
  ])('is refused %s', async ([, status, condition, body], { as, door }) => {
    const ann = as('refused')
    const { auth, inbox } = await enter(ann)

    const reply = await door('PUT', `${inbox}a.ics`, { ...auth, body })

    expect(reply).toMatchObject({ status, body: expect.stringContaining(`<c:${condition}/>`) })
    expect((await ann.get('/tasks')).json()).toEqual([])
    expect((await ann.get('/sync')).json().tasks).toEqual([])
  })

  test.for<[what: string, status: number, body: string, headers?: Headers]>([
    ['XML that ends early', 400, '<propfind xmlns="DAV:">'],
    ['a prefix without a namespace', 400, '<x:propfind xmlns:x=""/>'],
    ['a DOCTYPE with entities', 400, '<!DOCTYPE a [<!ENTITY b "c">]><propfind xmlns="DAV:"><prop/></propfind>'],
    ['an external entity', 400, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><propfind xmlns="DAV:"/>'],
    ['XML that is too deep', 400, '<a>'.repeat(40) + '</a>'.repeat(40)],
    ['XML of too many elements', 400, `<propfind xmlns="DAV:"><prop>${'<a/>'.repeat(11_000)}</prop></propfind>`],
    ['bytes that are no UTF-8', 400, '\ufffe'],
    ['an infinite depth', 403, '', { depth: 'infinity' }],
  ])('is refused %s', async ([, status, body, headers], { as, door }) => {
    const { auth, home } = await enter(as('xml'))

    const reply = await door('PROPFIND', home, { ...auth, depth: '0', ...headers, body })

    expect(reply.status).toBe(status)
  })

  test.for(['..%2f', '%2e%2e%2fx', 'a%00.ics', 'a%5cb.ics', 'a%2fb.ics', '%c0%ae', '%'])(
    'has no task called %s',
    async (name, { as, door }) => {
      const { auth, inbox } = await enter(as('names'))

      const replies = await Promise.all(
        ['GET', 'PUT', 'PROPFIND'].map((method) => door(method, inbox + name, { ...auth, depth: '0', body: '' })),
      )

      for (const { status } of replies) expect([400, 404, 405]).toContain(status)
    },
  )
})
