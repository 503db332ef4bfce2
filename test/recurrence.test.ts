import { Temporal } from 'temporal-polyfill'
import { describe, expect } from 'vitest'
import { nextOccurrence, parseRule, type Rule } from '../src/values/recurrence.ts'
import { type Person, test } from './support/app.ts'

/** The first occurrences of a rule, as it would be without anybody completing. */
function occurrences(rrule: string, first: string, count: number, timezone = 'Europe/Berlin'): string[] {
  const rule = parseRule(rrule) as Rule
  expect(rule, String(rule)).toBeTypeOf('object')
  const keys = [first]
  while (keys.length < count) {
    const next = nextOccurrence({ rule, anchor: first, current: keys.at(-1)!, timezone }, '')
    if (next === undefined) break
    expect(next.missed).toBe(0)
    keys.push(next.key)
  }
  return keys
}

const zoned = (key: string, timezone: string) =>
  Temporal.PlainDateTime.from(key).toZonedDateTime(timezone).toString({ timeZoneName: 'never', smallestUnit: 'minute' })

describe('a rule', () => {
  test.for([
    ['daily', 'FREQ=DAILY', '2027-03-27T09:00:00', ['2027-03-28T09:00:00', '2027-03-29T09:00:00']],
    [
      'on the 31st, which some months do not have',
      'FREQ=MONTHLY',
      '2027-01-31T09:00:00',
      ['2027-03-31T09:00:00', '2027-05-31T09:00:00'],
    ],
    ['on the last day', 'FREQ=MONTHLY;BYMONTHDAY=-1', '2027-01-31T24', ['2027-02-28T24', '2027-03-31T24']],
    ['on 29 February', 'FREQ=YEARLY', '2024-02-29T24', ['2028-02-29T24', '2032-02-29T24']],
    ['on the last Friday', 'FREQ=MONTHLY;BYDAY=-1FR', '2027-01-29T24', ['2027-02-26T24', '2027-03-26T24']],
    [
      'every two weeks',
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU',
      '2027-01-04T24',
      ['2027-01-06T24', '2027-01-18T24', '2027-01-20T24'],
    ],
    [
      'on the last workday',
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
      '2027-01-29T24',
      ['2027-02-26T24', '2027-03-31T24'],
    ],
    [
      'with SKIP=BACKWARD',
      'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD',
      '2027-01-31T24',
      ['2027-02-28T24', '2027-03-31T24', '2027-04-30T24'],
    ],
    [
      'with SKIP=FORWARD',
      'RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD',
      '2027-01-31T24',
      ['2027-03-01T24', '2027-03-31T24', '2027-05-01T24'],
    ],
    ['until a day', 'FREQ=DAILY;UNTIL=20270103', '2027-01-01T24', ['2027-01-02T24', '2027-01-03T24']],
    [
      'until the end of a day, with a time',
      'FREQ=DAILY;UNTIL=20270102',
      '2027-01-01T09:00:00',
      ['2027-01-02T09:00:00'],
    ],
    [
      'until an instant',
      'FREQ=DAILY;UNTIL=20270328T070000Z',
      '2027-03-26T09:00:00',
      ['2027-03-27T09:00:00', '2027-03-28T09:00:00'],
    ],
  ] as const)('%s', ([, rrule, first, expected]) => {
    const rule = parseRule(rrule) as Rule
    const isEnding = rule.until !== undefined
    expect(occurrences(rrule, first, expected.length + (isEnding ? 2 : 1))).toEqual([first, ...expected])
  })

  test('is read on the wall: what a change of the clocks skips is due all the same', () => {
    const berlin = occurrences('FREQ=DAILY', '2027-03-26T02:30:00', 4).map((key) => zoned(key, 'Europe/Berlin'))
    expect(berlin).toEqual([
      '2027-03-26T02:30+01:00',
      '2027-03-27T02:30+01:00',
      '2027-03-28T03:30+02:00',
      '2027-03-29T02:30+02:00',
    ])
    const autumn = occurrences('FREQ=DAILY', '2026-10-24T02:30:00', 3).map((key) => zoned(key, 'Europe/Berlin'))
    expect(autumn).toEqual(['2026-10-24T02:30+02:00', '2026-10-25T02:30+02:00', '2026-10-26T02:30+01:00'])
    const apia = occurrences('FREQ=DAILY', '2011-12-29T09:00:00', 3).map((key) => zoned(key, 'Pacific/Apia'))
    expect(apia).toEqual(['2011-12-29T09:00-10:00', '2011-12-31T09:00+14:00', '2011-12-31T09:00+14:00'])
  })

  test.for([
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Pacific/Apia',
    'Asia/Kathmandu',
  ])('equals days that are counted by hand for ten years in %s', (timezone) => {
    const rules: [rrule: string, isOn: (date: Temporal.PlainDate, first: Temporal.PlainDate) => boolean][] = [
      ['FREQ=DAILY;INTERVAL=3', (date, first) => first.until(date).days % 3 === 0],
      ['FREQ=WEEKLY;BYDAY=TU,SA', (date) => [2, 6].includes(date.dayOfWeek)],
      ['FREQ=MONTHLY;BYMONTHDAY=-2', (date) => date.day === date.daysInMonth - 1],
      ['FREQ=MONTHLY;BYDAY=2SU', (date) => date.dayOfWeek === 7 && date.day > 7 && date.day <= 14],
      [
        'FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU',
        (date) => [3, 10].includes(date.month) && date.dayOfWeek === 7 && date.day > date.daysInMonth - 7,
      ],
    ]
    for (const [rrule, isOn] of rules) {
      let first = Temporal.PlainDate.from('2009-01-01')
      while (!isOn(first, first)) first = first.add({ days: 1 })
      const expected: string[] = []
      for (let date = first; date.year < 2019; date = date.add({ days: 1 })) {
        if (isOn(date, first)) expected.push(zoned(`${date}T02:15:00`, timezone))
      }
      const rule = parseRule(rrule) as Rule
      const found: string[] = []
      for (let current = `${first}T02:15:00`; found.length < expected.length; ) {
        found.push(zoned(current, timezone))
        current = nextOccurrence({ rule, anchor: `${first}T02:15:00`, current, timezone }, '')!.key
      }
      expect(found).toEqual(expected)
    }
  })

  test.for([
    ['', 'FREQ'],
    ['FREQ=HOURLY', 'FREQ'],
    ['INTERVAL=2', 'must have FREQ'],
    ['FREQ=DAILY;FREQ=DAILY', 'FREQ twice'],
    ['FREQ=DAILY;FOO=1', 'FOO'],
    ['FREQ=DAILY;COUNT=2;UNTIL=20270101', 'both COUNT and UNTIL'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL'],
    ['FREQ=DAILY;INTERVAL=1001', 'INTERVAL'],
    ['FREQ=DAILY;COUNT=1001', 'COUNT'],
    ['FREQ=MONTHLY;BYMONTHDAY=32', 'BYMONTHDAY'],
    ['FREQ=WEEKLY;BYDAY=1MO', 'BYDAY'],
    ['FREQ=WEEKLY;BYMONTHDAY=1', 'BYMONTHDAY'],
    ['FREQ=DAILY;UNTIL=20270230', 'UNTIL'],
    ['FREQ=DAILY;BYSETPOS=1', 'BYSETPOS'],
    ['FREQ=MONTHLY;SKIP=BACKWARD', 'RSCALE'],
    ['RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD', 'SKIP'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'no occurrence'],
    ['FREQ=DAILY;INTERVAL=7;BYDAY=MO', 'no occurrence'],
  ] as const)('%s is refused', async ([rrule, detail], { as }) => {
    const recurrence = { rrule, from: 'due' }
    const reply = await as('rules').post('/tasks', { title: 'a', due: { date: '2026-12-01' }, recurrence })
    expect(reply.statusCode, reply.body).toBe(422)
    expect(reply.json().errors).toMatchObject([{ pointer: '/recurrence/rrule' }])
    if (rrule !== '') expect(reply.json().errors[0].detail).toContain(rrule.includes('HOURLY') ? 'FREQ' : detail)
  })
})

const day = (days: number) => Temporal.Now.plainDateISO('UTC').add({ days }).toString()
const daily = { rrule: 'FREQ=DAILY', from: 'due' }

describe('a task that recurs', () => {
  test('is due again when it is completed, and notes what was done', async ({ as }) => {
    const ann = as('ann')
    const task = await ann.creates({
      title: 'Water the plants',
      due: { date: day(0) },
      start: { date: day(-1) },
      recurrence: daily as never,
    })
    expect(task).toMatchObject({ recurrence: daily, is_recurring: true })
    const child = await ann.creates({ title: 'Fill the can', parent_id: task.id, status: 'completed' })

    const again = (await ann.post(`/tasks/${task.id}/complete`)).json()

    expect(again).toMatchObject({
      status: 'pending',
      due: { date: day(1) },
      start: { date: day(0) },
      completed_at: null,
    })
    expect((await ann.get(`/tasks/${child.id}`)).json()).toMatchObject({ status: 'pending', completed_at: null })
    const done = (await ann.get(`/tasks/${task.id}/completions`)).json()
    expect(done).toMatchObject([{ task_id: task.id, due: { date: day(0) }, outcome: 'completed', missed: 0 }])
  })

  test('is never due in the past, and counts what was missed', async ({ as }) => {
    const ann = as('late')
    const task = await ann.creates({ title: 'a', due: { date: day(-400) }, recurrence: daily as never })
    const timed = await ann.creates({
      title: 'b',
      due: { datetime: `${day(-400)}T00:00:00`, timezone: 'UTC' },
      recurrence: daily as never,
    })
    const weekly = await ann.creates({
      title: 'c',
      due: { date: day(-70) },
      recurrence: { rrule: 'FREQ=WEEKLY', from: 'due' },
    })

    expect((await ann.patch(`/tasks/${task.id}`, { status: 'completed' })).json().due).toEqual({ date: day(0) })
    expect((await ann.post(`/tasks/${timed.id}/complete`)).json().due.datetime).toBe(`${day(1)}T00:00:00`)
    expect((await ann.post(`/tasks/${weekly.id}/complete`)).json().due).toEqual({ date: day(0) })
    const missed = (await ann.get('/completions')).json().map(({ missed }: { missed: number }) => missed)
    expect(missed).toEqual([9, 400, 399])
  })

  test('from completion counts from the day on which it is done', async ({ as }) => {
    const ann = as('from')
    const recurrence = { rrule: 'FREQ=DAILY;INTERVAL=10', from: 'completion' as const }
    const task = await ann.creates({ title: 'Cut hair', due: { date: day(-3) }, recurrence })

    expect((await ann.post(`/tasks/${task.id}/complete`)).json().due).toEqual({ date: day(10) })
    const old = { completed_at: `${day(-95)}T12:00:00Z` }
    const next = (await ann.post(`/tasks/${task.id}/complete`, old)).json().due
    expect(next.date >= day(0)).toBe(true)
  })

  test('ends after COUNT occurrences, of which missed and skipped ones are some', async ({ as }) => {
    const ann = as('count')
    const recurrence = { rrule: 'FREQ=DAILY;COUNT=4', from: 'due' as const }
    const task = await ann.creates({ title: 'a', due: { date: day(-2) }, recurrence })

    const second = (await ann.post(`/tasks/${task.id}/complete`)).json() // the third: one is missed
    const third = (await ann.post(`/tasks/${task.id}/skip`)).json()
    const last = (await ann.post(`/tasks/${task.id}/complete`)).json()

    expect([second.due, third.due]).toEqual([{ date: day(0) }, { date: day(1) }])
    expect(last).toMatchObject({ status: 'completed', due: { date: day(1) }, completed_at: expect.any(String) })
    expect((await ann.post(`/tasks/${task.id}/skip`)).json()).toEqual(last)
  })

  test('is completed once by a double tap that names the occurrence', async ({ as }) => {
    const ann = as('tap')
    const due = { date: day(0) }
    const task = await ann.creates({ title: 'a', due, recurrence: daily as never })

    const first = (await ann.post(`/tasks/${task.id}/complete`, { due })).json()
    const second = (await ann.post(`/tasks/${task.id}/complete`, { due })).json()
    const unknown = await ann.post(`/tasks/${task.id}/complete`, { due: { date: '2020-01-01' } })

    expect(first.due).toEqual({ date: day(1) })
    expect(second).toEqual(first)
    expect([unknown.statusCode, unknown.json().code]).toEqual([409, 'OCCURRENCE_UNKNOWN'])
    expect((await ann.get(`/tasks/${task.id}/completions`)).json()).toHaveLength(1)
  })

  test('goes on from its own date when one occurrence was postponed', async ({ as }) => {
    const ann = as('postponed')
    const recurrence = { rrule: 'FREQ=WEEKLY', from: 'due' as const }
    const task = await ann.creates({ title: 'a', due: { date: day(-1) }, recurrence })

    const postponed = (await ann.patch(`/tasks/${task.id}`, { due: { date: day(0) } })).json()
    const next = (await ann.post(`/tasks/${task.id}/complete`)).json()

    expect(postponed).toMatchObject({ due: { date: day(0) }, recurrence })
    expect(next.due).toEqual({ date: day(6) })
    expect((await ann.get(`/tasks/${task.id}/completions`)).json()).toMatchObject([{ due: { date: day(-1) } }])
    const anew = (await ann.patch(`/tasks/${task.id}`, { due: { date: day(2) }, recurrence })).json()
    expect(anew.due).toEqual({ date: day(2) })
    expect((await ann.post(`/tasks/${task.id}/complete`)).json().due).toEqual({ date: day(9) })
  })

  test('keeps the time of the wall when its due becomes a time', async ({ as }) => {
    const ann = as('kind')
    const task = await ann.creates({ title: 'a', due: { date: day(1) }, recurrence: daily as never })

    const due = { datetime: `${day(1)}T18:30:00`, timezone: 'Europe/Berlin' }
    await ann.patch(`/tasks/${task.id}`, { due })
    const next = (await ann.post(`/tasks/${task.id}/complete`)).json()

    expect(next.due).toEqual({ datetime: `${day(2)}T18:30:00`, timezone: 'Europe/Berlin' })
  })

  test('needs a due, and stops recurring when it is asked to', async ({ as }) => {
    const ann = as('stops')
    const without = await ann.post('/tasks', { title: 'a', recurrence: daily })
    const task = await ann.creates({ title: 'a', due: { date: day(0) }, recurrence: daily as never })
    const cleared = await ann.patch(`/tasks/${task.id}`, { due: null })
    const plain = await ann.post(`/tasks/${(await ann.creates({ title: 'b' })).id}/skip`)

    expect([without.statusCode, without.json().errors[0].pointer]).toEqual([422, '/recurrence'])
    expect([cleared.statusCode, cleared.json().errors[0].pointer]).toEqual([422, '/due'])
    expect([plain.statusCode, plain.json().code]).toEqual([409, 'NOT_RECURRING'])
    expect((await ann.patch(`/tasks/${task.id}`, { status: 'cancelled' })).json()).toMatchObject({
      status: 'cancelled',
      recurrence: daily,
    })
    const ended = (await ann.patch(`/tasks/${task.id}`, { due: null, recurrence: null, status: 'pending' })).json()
    expect(ended).toMatchObject({ is_recurring: false, due: null })
    expect((await ann.post(`/tasks/${task.id}/complete`)).json().status).toBe('completed')
  })
})

describe('the ledger', () => {
  const latestOf = async ({ get }: Person, id: number) => (await get(`/tasks/${id}/completions`)).json()[0]

  test('has plain tasks, too, however they were completed, and forgets those that are reopened', async ({ as }) => {
    const ann = as('plain')
    const due = { date: '2026-12-01' }
    const [one, two] = [await ann.creates({ title: 'a', due }), await ann.creates({ title: 'b' })]
    const three = await ann.creates({ title: 'c', status: 'completed' })
    await ann.patch(`/tasks/${one.id}`, { status: 'completed', title: 'A' })
    await ann.post(`/tasks/${two.id}/complete`, { completed_at: '2020-01-01T00:00:00Z' })

    const done = (await ann.get('/completions')).json()
    expect(done.map(({ task_id }: { task_id: number }) => task_id)).toEqual([one.id, three.id, two.id])
    expect(done[0]).toMatchObject({ due, outcome: 'completed' })
    const old = (await ann.get('/completions?before=2021-01-01T00:00:00Z')).json()
    expect(old).toMatchObject([{ task_id: two.id, completed_at: '2020-01-01T00:00:00.000Z' }])
    expect((await ann.get('/completions?after=2021-01-01T00:00:00Z')).json()).toHaveLength(2)

    await ann.patch(`/tasks/${one.id}`, { status: 'pending' })
    expect((await ann.get(`/tasks/${one.id}/completions`)).json()).toEqual([])
  })

  test('comes in pages', async ({ as }) => {
    const ann = as('pages')
    for (let i = 0; i < 5; i++) await ann.creates({ title: `${i}`, status: 'completed' })

    const first = await ann.get('/completions?limit=3')
    const link = /<([^>]+)>/.exec(String(first.headers.link))![1]!
    const second = await ann.get(link)

    expect(new Set([...first.json(), ...second.json()].map(({ id }) => id)).size).toBe(5)
    expect(second.headers.link).toBeUndefined()
  })

  test('undoes the latest: the task is what it was before', async ({ as }) => {
    const ann = as('undo')
    const task = await ann.creates({ title: 'a', due: { date: day(-10) }, recurrence: daily as never })
    await ann.post(`/tasks/${task.id}/complete`)
    const between = (await ann.get(`/tasks/${task.id}`)).json()
    const first = await latestOf(ann, task.id)
    await ann.post(`/tasks/${task.id}/skip`)
    const second = await latestOf(ann, task.id)

    const older = await ann.delete(`/tasks/${task.id}/completions/${first.id}`)
    expect([older.statusCode, older.json().code]).toEqual([409, 'NOT_LATEST_COMPLETION'])
    expect((await ann.delete(`/tasks/${task.id}/completions/${second.id}`)).statusCode).toBe(204)
    expect((await ann.get(`/tasks/${task.id}`)).json()).toMatchObject({ due: between.due, status: 'pending' })
    expect((await ann.delete(`/tasks/${task.id}/completions/${first.id}`)).statusCode).toBe(204)
    expect((await ann.get(`/tasks/${task.id}`)).json()).toMatchObject({ due: task.due, status: 'pending' })
    expect((await ann.delete(`/tasks/${task.id}/completions/${first.id}`)).json().code).toBe('COMPLETION_NOT_FOUND')

    const plain = await ann.creates({ title: 'b', status: 'completed' })
    await ann.delete(`/tasks/${plain.id}/completions/${(await latestOf(ann, plain.id)).id}`)
    expect((await ann.get(`/tasks/${plain.id}`)).json()).toMatchObject({ status: 'pending', completed_at: null })
  })

  test('shows and undoes nothing of others', async ({ as }) => {
    const [ann, bob] = [as('mine'), as('theirs')]
    const task = await bob.creates({ title: 'a', status: 'completed' })
    const { id } = await latestOf(bob, task.id)

    expect((await ann.get('/completions')).json()).toEqual([])
    expect((await ann.get(`/tasks/${task.id}/completions`)).statusCode).toBe(404)
    expect((await ann.delete(`/tasks/${task.id}/completions/${id}`)).statusCode).toBe(404)
    expect((await bob.get('/completions')).json()).toHaveLength(1)
  })
})
