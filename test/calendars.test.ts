import ICAL from 'ical.js'
import { describe, expect } from 'vitest'
import { readVtodo, vtodoOf, vtodosIn } from '../src/calendars/ical.ts'
import { test as base, type Person } from './support/app.ts'

/** `reader` reads feeds on an app whose answers are not held against the document, which does not have them. */
const test = base.extend('reader', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp()
  return { get: (url: string, _body?: undefined, headers = {}) => app.inject({ url, headers }) }
})

const feedOf = async (person: Person, further: object = {}) => {
  const reply = await person.post('/calendar-feeds', { name: 'My tasks', ...further })
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

const todosIn = (text: string) =>
  new ICAL.Component(ICAL.parse(text) as never).getAllSubcomponents('vtodo').map((todo) => ({
    todo,
    summary: String(todo.getFirstPropertyValue('summary')),
  }))

describe('a calendar feed', () => {
  test('shows the tasks to whoever has its address, and to nobody else', async ({ as, reader }) => {
    const ann = as('ann')
    const task = await ann.creates({
      title: 'Call, now; later\nor never',
      due: { datetime: '2026-12-01T09:00:00', timezone: 'Europe/Berlin' },
      priority: 'high',
      labels: ['a', 'b'],
      reminders: [{ offset: '-PT30M', relative_to: 'due' }],
    })
    await ann.creates({ title: 'Below', parent_id: task.id, due: { date: '2026-12-24' } })
    await ann.creates({ title: 'Trashed' }).then(({ id }) => ann.delete(`/tasks/${id}`))
    const { url, ...feed } = await feedOf(ann)

    const reply = await reader.get(url)

    expect(reply.statusCode).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-type': 'text/calendar; charset=utf-8',
      'cache-control': 'private, max-age=300',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    })
    const todos = todosIn(reply.body)
    expect(todos.map(({ summary }) => summary)).toEqual(['Call, now; later\nor never', 'Below'])
    expect(reply.body).toContain('DUE;TZID=Europe/Berlin:20261201T090000')
    expect(reply.body).toContain('DUE;VALUE=DATE:20261224')
    expect(reply.body).toContain('BEGIN:VTIMEZONE')
    expect(reply.body).toMatch(/RELATED-TO;RELTYPE=PARENT:\d+-\d+@tasks/)
    expect(reply.body).not.toContain('BEGIN:VEVENT')
    for (const line of reply.body.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
    expect((await ann.get('/calendar-feeds')).json()).toEqual([feed])
    expect((await ann.delete(`/calendar-feeds/${feed.id}`)).statusCode).toBe(204)
    expect((await reader.get(url)).json().code).toBe('CALENDAR_FEED_NOT_FOUND')
    expect((await reader.get(`/calendar-feeds/tmf_${'x'.repeat(43)}.ics`)).statusCode).toBe(404)
  })

  test('is answered 304 until something changes', async ({ as, reader }) => {
    const ann = as('unchanged')
    const { url } = await feedOf(ann)
    const { etag } = (await reader.get(url)).headers

    expect((await reader.get(url, undefined, { 'if-none-match': String(etag) })).statusCode).toBe(304)
    await ann.creates({ title: 'a' })
    expect((await reader.get(url, undefined, { 'if-none-match': String(etag) })).statusCode).toBe(200)
  })

  test('can be of some projects, and have events', async ({ as, reader }) => {
    const ann = as('some')
    const { id } = (await ann.post('/projects', { name: 'House' })).json()
    await ann.creates({ title: 'In it', project_id: id, due: { date: '2026-12-01' } })
    await ann.creates({ title: 'Elsewhere', due: { date: '2026-12-01' } })
    const { url } = await feedOf(ann, { project_ids: [id], include: ['todos', 'events'] })

    const { body } = await reader.get(url)

    expect(body.match(/SUMMARY:.*/g)).toEqual(
      ['SUMMARY:In it', 'SUMMARY:In it'].map((line) => expect.stringContaining(line)),
    )
    expect(body).toContain('BEGIN:VEVENT')
    expect(body).toContain('TRANSP:TRANSPARENT')
  })

  test('of others is not there, and neither are their projects', async ({ as }) => {
    const [ann, bob] = [as('mine'), as('theirs')]
    const { id } = await feedOf(bob)
    const [{ id: inbox }] = (await bob.get('/projects')).json()

    expect((await ann.get(`/calendar-feeds/${id}`)).statusCode).toBe(404)
    expect((await ann.delete(`/calendar-feeds/${id}`)).statusCode).toBe(404)
    expect((await ann.post('/calendar-feeds', { name: 'x', project_ids: [inbox] })).statusCode).toBe(422)
    expect((await bob.get('/calendar-feeds')).json()).toHaveLength(1)
  })
})

describe('a VTODO', () => {
  const source = [
    'BEGIN:VTODO',
    'UID:abc',
    'DTSTAMP:20260101T000000Z',
    'SUMMARY:Buy milk',
    'STATUS:IN-PROCESS',
    'PRIORITY:2',
    'DUE;VALUE=DATE:20261201',
    'CATEGORIES:home,a\\,b',
    'X-APPLE-SORT-ORDER:42',
    'X-FOO;X-P=1:bar',
    'RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD',
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'TRIGGER;RELATED=END:-PT15M',
    'END:VALARM',
    'END:VTODO',
  ].join('\r\n')

  test('is read as a task', () => {
    expect(vtodosIn(`BEGIN:VCALENDAR\r\n${source}\r\nEND:VCALENDAR`)).toEqual([source])
    expect(readVtodo(source)).toEqual({
      uid: 'abc',
      parentUid: undefined,
      completedAt: undefined,
      rrule: 'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD',
      task: {
        title: 'Buy milk',
        status: 'in_progress',
        priority: 'urgent',
        due: { date: '2026-12-01' },
        labels: ['home', 'a b'],
        recurrence: { rrule: 'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD', from: 'due' },
        reminders: [{ offset: '-PT15M', relative_to: 'due' }],
      },
    })
  })

  test('keeps what we do not know, and is changed where the task is', async ({ as, db }) => {
    const task = await as('keeps').creates({ title: 'Buy oat milk', due: { date: '2026-12-02' } })
    const row = (await db.find(db.tables.tasks, { id: task.id }))!

    const text = vtodoOf(row, { uid: 'abc', parentUid: undefined, name: 'x.ics', sourceSeq: null, source })

    for (const line of ['X-APPLE-SORT-ORDER:42', 'X-FOO;X-P=1:bar', 'BEGIN:VALARM', 'SUMMARY:Buy oat milk']) {
      expect(text).toContain(line)
    }
    expect(text).toContain('DUE;VALUE=DATE:20261202')
    expect(text).not.toMatch(/RRULE|CATEGORIES/)
  })
})
