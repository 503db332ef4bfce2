import { describe, expect } from 'vitest'
import { nameKeyOf } from '../src/labels/names.ts'
import type { Task } from '../src/tasks/schemas.ts'
import { test as base, nextOf, type Person } from './support/app.ts'

const timezone = 'Europe/Berlin'
const priorities = ['urgent', 'high', 'medium', 'low', 'none']
const labelNames = ['Errands', 'home', 'work', 'rare']

/** The same numbers each time. */
function randomFrom(seed: number) {
  let state = seed
  const next = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  return { below, one: <T>(list: readonly T[]): T => list[below(list.length)]!, chance: (p: number) => next() < p }
}

const test = base.extend('mixed', { scope: 'file' }, async ({ as, db }) => {
  const ann = as('mixed')
  await ann.patch('/users/me', { timezone })
  const random = randomFrom(7)
  const { id: userId } = await ann.user
  const inbox = (await db.find(db.tables.projects, { userId, isInbox: true }))!
  const { id: _, ...project } = { ...inbox, name: 'Other', isInbox: false }
  const other = await db.insert(db.tables.projects, project)
  const archived = await db.insert(db.tables.projects, { ...project, name: 'Old' })
  const today = new Date().toISOString().slice(0, 10)
  const dues = [
    null,
    { date: today },
    { date: '2020-01-01' },
    { date: '2020-01-02' },
    { datetime: '2020-01-01T09:00:00', timezone: 'Asia/Tokyo' },
    { datetime: '2020-01-01T09:00:00', timezone },
    { date: '2999-01-01' },
  ]
  const titles = [
    'Äpfel kaufen',
    'apple pie',
    'Zebra',
    '100% _sure',
    '東京都に行く',
    'Milk',
    'milk',
    'ﬁnd 🔑',
    '𝒳 ray',
    'ﬀ',
  ]
  const ids: number[] = []
  for (let i = 0; i < 150; i++) {
    const parent = random.chance(0.2) && ids.length > 0 ? random.one(ids.slice(0, 8)) : undefined
    const task: Task = await ann.creates({
      title: `${random.one(titles)} ${random.below(20)}`,
      description: random.chance(0.3) ? random.one(['buy milk', 'Çelik, 100 kg', 'nothing']) : null,
      status: random.one(['pending', 'in_progress', 'completed', 'cancelled'] as const),
      priority: random.one(priorities) as 'none',
      due: random.one(dues),
      labels: labelNames.filter((name) => random.chance(name === 'rare' ? 0.03 : 0.3)),
      ...(parent ? { parent_id: parent } : { project_id: random.one([inbox.id, inbox.id, other.id, archived.id]) }),
    })
    if (parent === undefined) ids.push(task.id)
  }
  for (let i = 0; i < 10; i++) await ann.delete(`/tasks/${random.one(ids.slice(8))}`)
  for (let i = 0; i < 20; i++)
    await ann.patch(`/tasks/${random.one(ids.slice(0, 8))}`, { title: `${random.one(titles)} ${i}` })
  // As archiving leaves them.
  await db.updateMany(db.tables.projects, { id: archived.id }, { archivedAt: Date.now() })
  for (const shelf of [0, 1, 2, 3]) {
    await db.updateMany(db.tables.tasks, { projectId: archived.id, shelf }, { shelf: 4, hidden: 1 })
  }
  const rows = await db.list(db.tables.tasks, { equal: { userId }, limit: 1_000, index: 'tasks_user_created_idx' })
  const tasks = await Promise.all(
    rows.map(async (row) => {
      const path = `/tasks/${row.id}${row.shelf === 5 ? '?trashed=true' : ''}`
      return { ...((await ann.get(path)).json() as Task), shelf: row.shelf, changeSeq: row.changeSeq }
    }),
  )
  return { ann, tasks, projects: [inbox.id, other.id, archived.id], archived: archived.id, parents: ids.slice(0, 8) }
})

type Mixed = Task & { shelf: number; changeSeq: number }

const keyOf = ({ due }: Task) => (due === null ? '~' : (due.datetime ?? `${due.date}T24`))

/** What a list should have, from all tasks. */
function expected(tasks: Mixed[], query: URLSearchParams, archived: number): number[] {
  const all = (name: string) => query.getAll(name).flatMap((text) => text.split(','))
  const has = (name: string) => query.has(name)
  const one = (name: string) => query.get(name)!
  const fold = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().normalize('NFC')
  const tokens = (text: string) =>
    fold(text).match(
      /[\p{Script=Han}\p{Script=Hiragana}]|[\p{L}\p{N}]+?(?=[\p{Script=Han}\p{Script=Hiragana}]|[^\p{L}\p{N}]|$)/gu,
    ) ?? []
  const isOpen = ({ status }: Task) => status === 'pending' || status === 'in_progress'
  const words = has('q') ? tokens(one('q')) : []
  const kept = tasks.filter((task) => {
    if (has('trashed') !== (task.shelf === 5)) return false
    if (task.shelf === 4 && Number(query.get('project_id')) !== archived) return false
    if (has('status') && !all('status').includes(task.status)) return false
    if ((has('open') || has('overdue')) && !isOpen(task)) return false
    if (has('priority') && !all('priority').includes(task.priority)) return false
    if (has('label') && !all('label').every((name) => task.labels.some((own) => nameKeyOf(own) === nameKeyOf(name))))
      return false
    if (has('project_id') && task.project_id !== Number(one('project_id'))) return false
    if (has('parent_id') && task.parent_id !== (one('parent_id') === 'none' ? null : Number(one('parent_id'))))
      return false
    if ((has('due_after') || has('due_before')) && task.due === null) return false
    if (has('due_after') && keyOf(task) < one('due_after')) return false
    if (has('due_before') && keyOf(task) >= one('due_before')) return false
    if (has('due') && task.due !== null) return false
    if (has('overdue')) {
      if (task.due === null) return false
      const today = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone }).format()
      if (task.due.date ? task.due.date >= today : Date.parse(task.due_at!) >= Date.now()) return false
    }
    const own = tokens(`${task.title}\n${task.description ?? ''}`)
    return words.every((word, i) =>
      own.some((each) => each === word || (i === words.length - 1 && word.length > 2 && each.startsWith(word))),
    )
  })
  const sort = query.get('sort') ?? '-created_at'
  const rank = (task: Task) => priorities.indexOf(task.priority)
  const title = (task: Task) =>
    [...task.title.normalize('NFKC').toLowerCase()].map((c) => c.codePointAt(0)!.toString(16).padStart(6, '0')).join()
  const keys: Record<string, (task: Mixed) => (string | number)[]> = {
    created_at: () => [],
    due: (task) => [keyOf(task)],
    priority: (task) => [rank(task), keyOf(task)],
    updated_at: (task) => [task.changeSeq],
    position: (task) => [task.position],
    title: (task) => [title(task)],
  }
  const name = sort.replace('-', '')
  const sign = sort.startsWith('-') !== (name === 'priority') ? -1 : 1
  const compare = (a: Mixed, b: Mixed) => {
    const [x, y] = [
      [...keys[name]!(a), a.id],
      [...keys[name]!(b), b.id],
    ]
    const i = x.findIndex((value, i) => value !== y[i])
    return i === -1 ? 0 : (x[i]! < y[i]! ? -1 : 1) * sign
  }
  return kept.toSorted(compare).map(({ id }) => id)
}

async function walked(person: Person, path: string): Promise<number[]> {
  const ids: number[] = []
  for (let url: string | undefined = path; url !== undefined; ) {
    const reply = await person.get(url)
    expect(reply.statusCode, `${url}: ${reply.body.slice(0, 200)}`).toBe(200)
    ids.push(...reply.json().map(({ id }: Task) => id))
    url = nextOf(url, reply)
  }
  return ids
}

describe('a list', () => {
  test('has what its filters ask for, in its order, page by page, whatever they are', async ({ mixed }) => {
    const { ann, tasks, projects, archived, parents } = mixed
    const random = randomFrom(42)
    const filters: Record<string, () => string> = {
      status: () => random.one(['pending', 'completed,cancelled', 'in_progress,pending,completed']),
      open: () => 'true',
      priority: () => random.one(['urgent', 'high,none', 'low,medium,urgent']),
      label: () => random.one(['errands', 'home', 'rare', 'nothing', 'home,WORK']),
      project_id: () => String(random.one(projects)),
      parent_id: () => random.one(['none', ...parents.map(String)]),
      due_after: () => random.one(['2020-01-01', '2020-01-01T09:00:00', '2999-01-01']),
      due_before: () => random.one(['2020-01-02', '2020-01-01T10:00:00', '2999-01-01']),
      due: () => 'none',
      overdue: () => 'true',
      q: () => random.one(['milk', 'apfel', 'APP', '100 sure', '東京', 'celik', 'find', 'buy mil', 'ray']),
      trashed: () => 'true',
    }
    const sorts = [
      'created_at',
      '-created_at',
      'due',
      '-due',
      'priority',
      '-priority',
      'updated_at',
      '-updated_at',
      'title',
      '-title',
      'position',
      '-position',
    ]
    for (let i = 0; i < 400; i++) {
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(filters))
        if (random.chance(name === 'trashed' ? 0.05 : 0.17)) query.set(name, value())
      query.set('sort', random.one(sorts))
      if (
        query.get('sort')!.endsWith('position') &&
        !query.has('project_id') &&
        !(Number(query.get('parent_id')) > 0)
      ) {
        query.set('project_id', String(random.one(projects)))
      }
      query.set('limit', String(random.one([3, 20, 500])))

      expect(await walked(ann, `/tasks?${query}`), String(query)).toEqual(expected(tasks, query, archived))
    }
  })

  test.for([
    ['status=done', 'status'],
    ['status=pending&status=done', 'status'],
    ['priority=highest', 'priority'],
    ['label=a,b,c,d', 'label'],
    ['project_id=x', 'project_id'],
    ['parent_id=null', 'parent_id'],
    ['due_after=2026-13-01', 'due_after'],
    ['due_before=2026-12-01T9:00', 'due_before'],
    ['due=today', 'due'],
    ['open=yes', 'open'],
    ['q=%25_', 'q'],
    [`q=${'a%20'.repeat(11)}`, 'q'],
    ['sort=name', 'sort'],
    ['sort=position', 'sort'],
    ['cursor=x', 'cursor'],
    ['cursor=W10', 'cursor'],
    ['limit=501', 'limit'],
  ])('refuses %s, and names the parameter', async ([query, parameter], { as }) => {
    const reply = await as('ann').get(`/tasks?${query}`)

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors[0].parameter).toMatch(new RegExp(`^${parameter}(/\\d+)?$`))
  })

  test('takes no cursor of another list', async ({ mixed: { ann } }) => {
    const next = nextOf('/tasks', await ann.get('/tasks?limit=3&sort=due'))!

    expect((await ann.get(next)).statusCode).toBe(200)
    expect((await ann.get(next.replace('sort=due', 'sort=-due'))).statusCode).toBe(422)
    expect((await ann.get(`${next}&open=true`)).statusCode).toBe(422)
  })

  test('is unchanged for as long as nothing is written, unless the clock matters', async ({ mixed: { ann } }) => {
    for (const query of ['sort=due&open=true', 'q=milk', 'overdue=true']) {
      const first = await ann.get(`/tasks?${query}`)
      const again = await ann.get(`/tasks?${query}`, undefined, { 'if-none-match': String(first.headers.etag) })
      expect(again.statusCode, query).toBe(304)
    }
  })

  test('is of its owner alone', async ({ mixed, as }) => {
    const bob = as('bob')
    for (const query of [
      '',
      `project_id=${mixed.projects[0]}`,
      `parent_id=${mixed.parents[0]}`,
      'label=errands',
      'trashed=true',
      'q=milk',
    ]) {
      expect((await bob.get(`/tasks?${query}`)).json(), query).toEqual([])
    }
  })
})

test('a filter that few tasks meet answers short pages that lead on, each in bounded time', async ({ as, db }) => {
  const ann = as('many')
  const { id, project_id: projectId, user_id: userId } = await ann.creates({ title: 'needle' })
  const row = {
    userId,
    projectId,
    title: 'hay',
    description: null,
    status: 'pending',
    createdAt: 1,
    updatedAt: 1,
    completedAt: null,
    changeSeq: 1,
  } as const
  await db.transaction((tx) =>
    tx.insertMany(
      tx.tables.tasks,
      Array.from({ length: 12_000 }, () => row),
    ),
  )

  const pages: number[] = []
  let url: string | undefined = '/tasks?q=needle'
  for (; url !== undefined; ) {
    const reply = await ann.get(url)
    pages.push(reply.json().length)
    url = nextOf(url, reply)
  }

  expect(pages).toEqual([0, 0, 1])
  expect((await ann.get('/tasks?q=needle&sort=created_at')).json()).toMatchObject([{ id }])
  expect((await ann.get('/tasks?sort=title')).statusCode, 'too many to sort').toBe(422)
})
