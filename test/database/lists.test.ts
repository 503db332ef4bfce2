import { expect } from 'vitest'
import type { Database, List } from '../../src/database/database.ts'
import type { TaskRow } from '../../src/tasks/table.ts'
import { test } from '../support/database.ts'
import { addUser, newTask } from './people.ts'

type Tasks = Database['tables']['tasks']
type Asked = Omit<List<Tasks>, 'equal' | 'limit' | 'index'>

const statuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const
const index = 'tasks_user_created_idx'

const lists: Record<string, Asked> = {
  'by id': {},
  'newest first': { descending: true },
  'by a column with many ties': { order: ['title', 'id'] },
  'by a column with many ties, backwards': { order: ['title', 'id'], descending: true },
  'by three columns': { order: ['status', 'title', 'id'] },
  'with one status': { among: { status: ['completed'] }, order: ['title', 'id'] },
  'with some statuses': { among: { status: ['pending', 'cancelled'] }, order: ['title', 'id'] },
  'with some statuses, backwards': { among: { status: ['pending', 'completed', 'cancelled'] }, descending: true },
  'with any status': { among: { status: undefined }, order: ['title', 'id'] },
  'with two columns among some': {
    among: { status: ['pending', 'completed'], description: ['a', 'b'] },
    order: ['title', 'id'],
  },
  'within a range': { order: ['title', 'id'], range: { from: 'b', before: 'd' } },
  'within a range, backwards and among some': {
    among: { status: ['pending', 'in_progress'] },
    order: ['title', 'id'],
    range: { from: 'b' },
    descending: true,
  },
}

const test100 = test.extend('owner', { scope: 'file' }, async ({ db }) => {
  const [{ id: userId }, { id: otherId }] = [await addUser(db), await addUser(db)]
  const random = numbers(42)
  const pick = <T>(from: readonly T[]) => from[random() % from.length] as T
  for (let n = 0; n < 100; n++) {
    const task = { title: pick(['a', 'b', 'c', 'd', 'e']), status: pick(statuses), description: pick(['a', 'b', null]) }
    await db.insert(db.tables.tasks, { ...newTask(n % 10 === 0 ? otherId : userId), ...task })
  }
  return userId
})

test100.for(Object.entries(lists))(
  'a list %s is that of all rows, sorted, on pages of any length',
  async ([, asked], { db, owner }) => {
    const all = await db.list(db.tables.tasks, { equal: { userId: owner }, limit: 1_000, index })
    const expected = reference(all, asked).map(({ id }) => id)

    for (const limit of [1, 7, 50, 1_000]) {
      const seen: number[] = []
      let after: TaskRow | undefined
      do {
        const rows = await db.list(db.tables.tasks, { ...asked, equal: { userId: owner }, after, limit, index })
        expect(rows.length).toBeLessThanOrEqual(limit)
        seen.push(...rows.map(({ id }) => id))
        after = rows.length === limit ? rows.at(-1) : undefined
      } while (after)
      expect(seen, `pages of ${limit}`).toEqual(expected)
    }
    expect(all).toHaveLength(90)
  },
)

test100('a list among no values is empty', async ({ db, owner }) => {
  const asked = { equal: { userId: owner }, among: { status: [] }, limit: 10, index }

  expect(await db.list(db.tables.tasks, asked)).toEqual([])
})

test100('a list says what it may be asked', async ({ db, owner }) => {
  // @ts-expect-error a column that is misspelt does not compile
  const misspelt = db.list(db.tables.tasks, { equal: { userId: owner }, among: { statuss: ['x'] }, limit: 1, index })

  await expect(misspelt).rejects.toThrow('statuss')
})

/** What a list must be, worked out from all rows. */
function reference(rows: TaskRow[], { among = {}, range = {}, order = ['id'], descending = false }: Asked): TaskRow[] {
  const value = (row: TaskRow, name: string) => row[name as keyof TaskRow] as string | number
  const fits = (row: TaskRow) =>
    Object.entries(among).every(([name, some]) => !some || (some as unknown[]).includes(value(row, name))) &&
    (range.from === undefined || value(row, order[0]!) >= (range.from as string)) &&
    (range.before === undefined || value(row, order[0]!) < (range.before as string))
  const compare = (a: TaskRow, b: TaskRow) => {
    const name = order.find((name) => value(a, name) !== value(b, name))
    return name === undefined ? 0 : value(a, name) < value(b, name) ? -1 : 1
  }
  return rows.filter(fits).sort((a, b) => (descending ? compare(b, a) : compare(a, b)))
}

/** Numbers that look random and are the same in each run (xorshift). */
function numbers(seed: number) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
