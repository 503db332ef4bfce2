import { describe, expect } from 'vitest'
import { type Person, test } from './support/app.ts'

const importing = (person: Person, type: string, body: string, query = '') =>
  person.post(`/tasks/import${query}`, body, { 'content-type': type })

const listed = async ({ get }: Person) =>
  (await get('/tasks?limit=500&sort=created_at')).json() as Record<string, unknown>[]

/** What a task says, whatever ids it has. */
const plain = (tasks: Record<string, unknown>[]) =>
  tasks.map(({ id, etag, user_id, project_id, parent_id, position, updated_at, ...task }) => task)

/** An export without what another account has its own of. */
function anonymous(document: Record<string, unknown[]>) {
  const own = ['id', 'etag', 'user_id', 'project_id', 'parent_id', 'task_id', 'updated_at', 'exported_at']
  const text = JSON.stringify(document, (name, value) => (own.includes(name) ? undefined : value))
  const { projects, ...others } = JSON.parse(text)
  const withoutTimes = (items: Record<string, unknown>[]) =>
    items.map(({ created_at, position, archived_at, ...item }) => ({ ...item, isArchived: archived_at != null }))
  return { ...others, projects: withoutTimes(projects), labels: withoutTimes(others.labels) }
}

async function fill(person: Person) {
  const { id: house } = (await person.post('/projects', { name: 'House' })).json()
  const parent = await person.creates({
    title: '=1+1 "quoted", Ü\n',
    description: 'two\nlines; and, more',
    project_id: house,
    priority: 'urgent',
    due: { datetime: '2026-12-01T09:00:00', timezone: 'Europe/Berlin' },
    start: { datetime: '2026-11-30T09:00:00', timezone: 'Europe/Berlin' },
    estimated_minutes: 45,
    labels: ['home', 'paint'],
    recurrence: { rrule: 'FREQ=MONTHLY;BYMONTHDAY=1', from: 'due' },
    reminders: [{ offset: '-PT30M', relative_to: 'due' }],
  })
  await person.creates({ title: 'Below', parent_id: parent.id, due: { date: '2026-12-24' } })
  await person.creates({ title: "'@done", status: 'completed' })
  await person.creates({ title: 'Not', status: 'cancelled' })
  return parent
}

describe('a file of tasks', () => {
  test.for(['json', 'csv', 'ics'] as const)(
    'as %s is imported by another account as it was exported',
    async (format, { as }) => {
      const [ann, bob] = [as(`ann ${format}`), as(`bob ${format}`)]
      await fill(ann)
      const type = { json: 'application/json', csv: 'text/csv', ics: 'text/calendar' }[format]

      const file = await ann.get(`/tasks/export?format=${format}`)
      const tried = await importing(bob, type, file.body, '?dry_run=true')
      const report = await importing(bob, type, file.body)

      expect(file.headers['content-type']).toContain(type)
      expect(file.headers['content-disposition']).toBe(`attachment; filename="tasks.${format}"`)
      expect(tried.json()).toEqual({ dry_run: true, created: 4, updated: 0, refused: [] })
      expect(report.json(), report.body).toEqual({ dry_run: false, created: 4, updated: 0, refused: [] })
      const [theirs, ours] = [plain(await listed(bob)), plain(await listed(ann))]
      const lost = { json: [], csv: ['reminders', 'title'], ics: ['created_at', 'completed_at', 'title'] }[
        format
      ] as string[]
      const kept = (tasks: Record<string, unknown>[]) =>
        tasks
          .map((task) => Object.fromEntries(Object.entries(task).filter(([name]) => !lost.includes(name))))
          .sort(
            (a, b) =>
              String(a.description).localeCompare(String(b.description)) ||
              JSON.stringify(a).localeCompare(JSON.stringify(b)),
          )
      expect(kept(theirs)).toEqual(kept(ours))
      const titles = (tasks: Record<string, unknown>[]) => tasks.map(({ title }) => String(title).trim()).sort()
      expect(titles(theirs)).toEqual(titles(ours))
      if (format !== 'ics')
        expect((await bob.get('/projects')).json().map(({ name }: { name: string }) => name)).toEqual([
          'Inbox',
          'House',
        ])
      const children = (await listed(bob)).filter(({ parent_id }) => parent_id !== null)
      expect(children).toMatchObject([{ title: 'Below' }])

      expect((await importing(bob, type, file.body)).json(), 'once more').toMatchObject({ created: 0, updated: 4 })
      expect(await listed(bob)).toHaveLength(4)
      expect((await importing(ann, type, file.body)).json(), 'by whom it is from').toMatchObject({
        created: 0,
        updated: 4,
      })
    },
  )

  test('as json brings the ledger, where series stand, comments, orders, colors and the archive', async ({ as }) => {
    const [ann, bob] = [as('ann whole'), as('bob whole')]
    const { id: old } = (await ann.post('/projects', { name: 'Old', color: '#102030' })).json()
    await ann.post('/projects', { name: 'Empty', color: '#405060' })
    await ann.post('/labels', { name: 'Unused', color: '#708090' })
    const series = await ann.creates({
      title: 'Thrice',
      due: { date: '2026-01-05' },
      recurrence: { rrule: 'FREQ=DAILY;COUNT=3', from: 'due' },
      project_id: old,
    })
    await ann.post(`/tasks/${series.id}/skip`)
    const plain = await ann.creates({ title: 'Once' })
    await ann.post(`/tasks/${plain.id}/complete`, { completed_at: '2026-01-02T03:04:05.000Z' })
    await ann.post(`/tasks/${plain.id}/comments`, { body: 'first' })
    await ann.post(`/tasks/${plain.id}/comments`, { body: 'second' })
    for (const title of ['last', 'first']) {
      const { id } = await ann.creates({ title })
      if (title === 'first') await ann.post(`/tasks/${id}/move`, { first: true })
    }
    await ann.post(`/projects/${old}/archive`)

    const file = await ann.get('/tasks/export')
    const report = await importing(bob, 'application/json', file.body)
    const again = await bob.get('/tasks/export')

    expect(report.json()).toMatchObject({ created: 4, refused: [] })
    expect(anonymous(again.json())).toEqual(anonymous(file.json()))
    expect((await importing(bob, 'application/json', file.body)).json()).toMatchObject({ created: 0, updated: 4 })
    expect(anonymous((await bob.get('/tasks/export')).json())).toEqual(anonymous(file.json()))
  })

  test('keeps what only the file knows', async ({ as }) => {
    const ann = as('unknown')
    const todo = [
      'BEGIN:VTODO',
      'UID:x-1',
      'SUMMARY:Buy milk',
      'X-FOO;X-P=1:bar',
      'BEGIN:VALARM',
      'ACTION:AUDIO',
      'TRIGGER:-PT10M',
      'END:VALARM',
      'END:VTODO',
    ]
    const file = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...todo, 'END:VCALENDAR', ''].join('\r\n')
    await importing(ann, 'text/calendar; charset=utf-8', file)
    const [task] = await listed(ann)

    await ann.patch(`/tasks/${task!.id}`, { title: 'Buy oat milk' })
    const { body } = await ann.get('/tasks/export?format=ics')

    for (const line of ['UID:x-1', 'SUMMARY:Buy oat milk', 'X-FOO;X-P=1:bar', 'ACTION:AUDIO'])
      expect(body).toContain(line)
  })

  test('is imported but for the records that are no tasks, each of which is named', async ({ as }) => {
    const ann = as('refused')
    const file = [
      'title,due,rrule,labels',
      'Good,2026-12-01,,',
      ',2026-12-01,,',
      'Bad due,tomorrow,,',
      'Bad rule,2026-12-01,FREQ=NEVER,',
      '"Good, too",,,"a,b"',
    ]

    const tried = (await importing(ann, 'text/csv', file.join('\r\n'), '?dry_run=true')).json()
    expect(await listed(ann)).toEqual([])
    const report = (await importing(ann, 'text/csv', file.join('\r\n'))).json()

    expect(report).toMatchObject({
      created: 2,
      updated: 0,
      refused: [
        { row: 2, errors: [{ pointer: '/title' }] },
        { row: 3, errors: [{ pointer: '/due/date' }] },
        { row: 4, errors: [{ pointer: '/recurrence/rrule' }] },
      ],
    })
    expect({ ...tried, dry_run: false }).toEqual(report)
    expect(plain(await listed(ann))).toMatchObject([{ title: 'Good' }, { title: 'Good, too', labels: ['a', 'b'] }])
  })

  test('of Todoist brings its tasks, with what it says in words as text', async ({ as }) => {
    const ann = as('todoist')
    const file = [
      'TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE',
      'section,Later,,,,,,,,',
      'task,Water plants @home,Twice,1,1,Ann (1),,every day,en,Europe/Berlin',
      'task,Fill the can,,4,2,Ann (1),,2026-12-01,en,Europe/Berlin',
    ]

    expect((await importing(ann, 'text/csv', file.join('\n'))).json()).toMatchObject({ created: 2, refused: [] })
    const [first, second] = await listed(ann)
    expect(first).toMatchObject({
      title: 'Water plants',
      labels: ['home'],
      priority: 'urgent',
      description: 'Twice\n\nDate: every day',
    })
    expect(second).toMatchObject({
      title: 'Fill the can',
      parent_id: first!.id,
      due: { date: '2026-12-01' },
      priority: 'none',
    })
  })

  test('of Vikunja brings its projects, tasks and comments', async ({ as }) => {
    const ann = as('vikunja')
    const tasks = [
      {
        id: 1,
        title: 'Paint',
        done: false,
        priority: 3,
        due_date: '2026-12-01T08:00:00Z',
        labels: [{ title: 'home' }],
        comments: [{ comment: 'Blue' }],
      },
      {
        id: 2,
        title: 'Brush',
        done: true,
        done_at: '2026-01-01T00:00:00Z',
        due_date: '0001-01-01T00:00:00Z',
        related_tasks: { parenttask: [{ id: 1 }] },
      },
    ]

    const report = await importing(ann, 'application/json', JSON.stringify([{ id: 7, title: 'House', tasks }]))

    expect(report.json(), report.body).toMatchObject({ created: 2, refused: [] })
    const [paint, brush] = await listed(ann)
    expect(paint).toMatchObject({
      title: 'Paint',
      priority: 'high',
      labels: ['home'],
      due_at: '2026-12-01T08:00:00.000Z',
    })
    expect(brush).toMatchObject({
      status: 'completed',
      completed_at: '2026-01-01T00:00:00.000Z',
      parent_id: paint!.id,
      due: null,
    })
    expect((await ann.get(`/tasks/${paint!.id}/comments`)).json()).toMatchObject([{ body: 'Blue' }])
    expect((await ann.get('/projects')).json()).toMatchObject([{ name: 'Inbox' }, { name: 'House' }])
  })

  test('that is none is refused', async ({ as }) => {
    const ann = as('none')
    const wrong: [type: string, body: string, query: string, status: number][] = [
      ['application/json', '{"a":1}', '', 422],
      ['application/json', '[]', '', 422],
      ['text/csv', 'a,b\n1,2', '', 422],
      ['text/calendar', 'BEGIN:VTODO', '', 422],
      ['text/calendar', 'BEGIN:VCALENDAR', '?format=csv', 422],
      ['text/csv', 'title\na', '?project_id=999999999', 422],
      ['text/plain', 'title\na', '', 415],
      ['text/csv', `title\n${'x'.repeat(5 * 1024 * 1024)}`, '', 413],
    ]
    for (const [type, body, query, status] of wrong) {
      expect((await importing(ann, type, body, query)).statusCode, `${type} ${body.slice(0, 20)}`).toBe(status)
    }
    expect(await listed(ann)).toEqual([])
  })

  test('with an Idempotency-Key is imported once', async ({ as }) => {
    const ann = as('once')
    const send = () => ann.post('/tasks/import', 'title\na\nb', { 'content-type': 'text/csv', 'idempotency-key': 'k' })

    const replies = [await send(), await send()]

    expect(replies.map((reply) => reply.json())).toEqual(
      Array(2).fill({ dry_run: false, created: 2, updated: 0, refused: [] }),
    )
    expect(await listed(ann)).toHaveLength(2)
  })
})
