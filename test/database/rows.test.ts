import { and, asc, count, eq, gt, inArray, sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { type Query, UniqueViolation } from '../../src/database/database.ts'
import { dialect, test } from '../support/database.ts'
import { addTask, addUser, newTask, newUser } from './people.ts'

test('a row comes back whole, with its defaults', async ({ db }) => {
  const given = newUser()

  const user = await db.insert(db.tables.users, given)

  expect(user).toStrictEqual({
    ...given,
    id: expect.any(Number),
    isActive: true,
    displayName: null,
    timezone: 'UTC',
  })
  expect(await db.find(db.tables.users, { id: user.id })).toStrictEqual(user)
})

test('a row keeps every value it was given', async ({ db }) => {
  const given = {
    ...newTask((await addUser(db)).id, '😀'.repeat(500)),
    description: `\\ ' " \n ${'😀'.repeat(19_990)}`,
    status: 'completed',
    completedAt: 1_700_000_000_001,
  } as const

  const task = await db.insert(db.tables.tasks, given)

  expect(await db.find(db.tables.tasks, { id: task.id })).toMatchObject({ ...given, id: task.id, changeSeq: 0 })
})

test.for([
  '1969-07-20T20:17:40.001Z',
  '1970-01-01T00:00:00.000Z',
  '2026-03-29T01:30:00.999Z', // skipped by the clocks of Berlin
  '2026-10-25T00:30:00.500Z', // twice on them
  '2026-03-08T02:30:00.010Z', // skipped by New York's
  '2038-01-19T03:14:08.100Z',
  '2024-02-29T23:59:59.999Z',
  '0999-01-01T00:00:00.120Z',
  '9999-12-31T23:59:59.999Z',
])('%s is kept to the millisecond', async (text, { db }) => {
  const createdAt = Date.parse(text)

  const user = await db.insert(db.tables.users, { ...newUser(), createdAt })

  expect(user.createdAt).toBe(createdAt)
  expect(await db.find(db.tables.users, { id: user.id, createdAt })).toStrictEqual(user)
  expect(await db.find(db.tables.users, { id: user.id, createdAt: createdAt - 1 })).toBeUndefined()
  expect(await db.all(usersAfter, { id: user.id, after: createdAt - 1 })).toStrictEqual([user])
  expect(await db.all(usersAfter, { id: user.id, after: createdAt })).toStrictEqual([])
})

const usersAfter: Query<{ id: number }, { id: number; after: number }> = ({ select, parameter, tables: { users } }) =>
  select()
    .from(users)
    .where(and(eq(users.id, parameter(users.id, 'id')), gt(users.createdAt, parameter(users.createdAt, 'after'))))

test('an email belongs to one user', async ({ db }) => {
  const { users } = db.tables
  const taken = await addUser(db)
  const other = await addUser(db)

  const violation = new UniqueViolation('users_email_key')
  await expect(db.insert(users, { ...newUser(), email: taken.email })).rejects.toStrictEqual(violation)
  await expect(db.updateOne(users, { id: other.id }, { email: taken.email })).rejects.toStrictEqual(violation)

  expect(await db.find(users, { id: other.id })).toStrictEqual(other)
})

test('emails that look alike differ', async ({ db }) => {
  const { users } = db.tables

  for (const email of ['ann@x.org', 'ANN@x.org', 'ánn@x.org']) await db.insert(users, { ...newUser(), email })

  expect(await db.find(users, { email: 'Ann@x.org' })).toBeUndefined()
})

test('an email may have 768 characters', async ({ db }) => {
  const email = '😀'.repeat(768)

  expect((await db.insert(db.tables.users, { ...newUser(), email })).email).toBe(email)
  const again = db.insert(db.tables.users, { ...newUser(), email })
  await expect(again).rejects.toStrictEqual(new UniqueViolation('users_email_key'))
})

test('a value that reads like the message of a violation does not name its constraint', async ({ db }) => {
  const given = { ...newUser(), email: "x' for key 'users.tasks_user_fk'" }
  await db.insert(db.tables.users, given)

  const again = db.insert(db.tables.users, given)

  await expect(again).rejects.toStrictEqual(new UniqueViolation('users_email_key'))
})

test('of ten inserts of one key at once, one succeeds', async ({ db }) => {
  const { users } = db.tables
  const given = newUser()

  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => db.insert(users, given)))

  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(refused.map(({ reason }) => reason.name)).toEqual(Array(9).fill('UniqueViolation'))
  expect(await db.find(users, { email: given.email })).toBeDefined()
})

test('a status is one of the four', async ({ db }) => {
  const task = newTask((await addUser(db)).id)

  await expect(db.insert(db.tables.tasks, { ...task, status: 'lost' as never })).rejects.toThrow()
})

// SQLite has no lengths: there the API's schemas alone keep them.
test.skipIf(dialect === 'sqlite')('a title that is too long is not cut', async ({ db }) => {
  const task = newTask((await addUser(db)).id, 'x'.repeat(501))

  await expect(db.insert(db.tables.tasks, task)).rejects.toThrow()
})

test('a user takes their tasks along', async ({ db }) => {
  const { users, tasks } = db.tables
  const task = await addTask(db)
  const other = await addTask(db)

  expect(await db.deleteMany(users, { id: task.userId })).toBe(1)

  expect(await db.find(tasks, { id: task.id })).toBeUndefined()
  expect(await db.find(tasks, { id: other.id })).toStrictEqual(other)
  await expect(addTask(db, task.userId)).rejects.toThrow()
})

test('an update changes what it names in the row it matches, and nothing else', async ({ db }) => {
  const { tasks } = db.tables
  const task = await addTask(db)
  const other = await addTask(db, task.userId)

  const changed = await db.updateOne(
    tasks,
    { id: task.id, userId: task.userId },
    { title: 'Buy bread', completedAt: 1 },
  )

  expect(changed).toStrictEqual({ ...task, title: 'Buy bread', completedAt: 1 })
  expect(await db.find(tasks, { id: task.id })).toStrictEqual(changed)
  expect(await db.find(tasks, { id: other.id })).toStrictEqual(other)
})

test('an update returns the row even if it changed what was matched', async ({ db }) => {
  const { tasks } = db.tables
  const task = await addTask(db)
  const match = { userId: task.userId, completedAt: null, title: task.title }

  const changed = await db.updateOne(tasks, match, { title: 'Buy bread', completedAt: 5 })

  expect(changed).toStrictEqual({ ...task, title: 'Buy bread', completedAt: 5 })
  expect(await db.updateOne(tasks, match, { title: 'Buy beer' })).toBeUndefined()
  expect(await db.find(tasks, { id: task.id })).toStrictEqual(changed)
})

test('an update to the values it has returns the row', async ({ db }) => {
  const task = await addTask(db)

  expect(await db.updateOne(db.tables.tasks, { id: task.id }, { title: task.title })).toStrictEqual(task)
})

test('an update without changes returns the row', async ({ db }) => {
  const { tasks } = db.tables
  const task = await addTask(db)

  expect(await db.updateOne(tasks, { id: task.id }, {})).toStrictEqual(task)
  expect(await db.updateOne(tasks, { id: task.id }, { title: undefined })).toStrictEqual(task)
  expect(await db.updateOne(tasks, { id: 0 }, {})).toBeUndefined()
})

test('an update may count on the old value', async ({ db }) => {
  const { tasks } = db.tables
  const task = await addTask(db)
  const firstOf = (time: number) => sql`coalesce(${tasks.completedAt}, ${sql.param(time, tasks.completedAt)})`

  await db.updateOne(tasks, { id: task.id }, { completedAt: firstOf(1_000) })
  const changed = await db.updateOne(tasks, { id: task.id }, { completedAt: firstOf(2_000) })

  expect(changed?.completedAt).toBe(1_000)
})

test('a delete counts its rows', async ({ db }) => {
  const { tasks } = db.tables
  const { userId, id } = await addTask(db)
  const ids = [id, (await addTask(db, userId)).id, (await addTask(db, userId)).id]
  const other = await addTask(db)

  expect(await db.deleteMany(tasks, inArray(tasks.id, ids.slice(0, 2)))).toBe(2)
  expect(await db.deleteMany(tasks, { userId })).toBe(1)
  expect(await db.deleteMany(tasks, { userId })).toBe(0)

  expect(await db.find(tasks, { id: other.id })).toStrictEqual(other)
})

test('null matches what is null, and only that', async ({ db }) => {
  const { tasks } = db.tables
  const { userId, id } = await addTask(db)

  expect(await db.find(tasks, { userId, completedAt: null })).toMatchObject({ id })
  await db.updateOne(tasks, { id }, { completedAt: 1 })
  expect(await db.find(tasks, { userId, completedAt: null })).toBeUndefined()
  expect(await db.find(tasks, { userId, completedAt: 1 })).toMatchObject({ id })
})

test('a match that is empty or has holes is refused', async ({ db }) => {
  const { tasks } = db.tables
  const { id } = await addTask(db)
  const hole = { id, userId: undefined } as never

  for (const match of [{}, hole, { id, owner: 1 } as never]) {
    await expect(async () => db.find(tasks, match)).rejects.toThrow(TypeError)
    await expect(db.updateOne(tasks, match, { title: 'x' })).rejects.toThrow(TypeError)
    await expect(db.deleteMany(tasks, match)).rejects.toThrow(TypeError)
  }
  expect(await db.find(tasks, { id })).toBeDefined()
})

test('a query is built once, and answers by its parameters', async ({ db }) => {
  const { userId } = await addTask(db, undefined, 'a')
  for (const title of ['b', 'c', 'd']) await addTask(db, userId, title)
  let built = 0
  const page: Query<{ title: string }, { userId: number; limit: number }> = ({
    select,
    parameter,
    limit,
    tables: { tasks },
  }) => {
    built++
    return select({ title: tasks.title })
      .from(tasks)
      .where(eq(tasks.userId, parameter(tasks.userId, 'userId')))
      .orderBy(asc(tasks.id))
      .limit(limit('limit'))
  }

  expect(await db.all(page, { userId, limit: 2 })).toStrictEqual([{ title: 'a' }, { title: 'b' }])
  expect(await db.all(page, { userId, limit: 9 })).toHaveLength(4)
  expect(await db.all(page, { userId: 0, limit: 9 })).toStrictEqual([])
  expect(await db.transaction((tx) => tx.all(page, { userId, limit: 1 }))).toStrictEqual([{ title: 'a' }])
  expect(built).toBe(1)
  // @ts-expect-error a parameter that is missing does not compile
  await expect(db.all(page, { userId })).rejects.toThrow('limit')
})

test('a query may join, group and count', async ({ db }) => {
  const { userId } = await addTask(db)
  const done = await addTask(db, userId)
  await addTask(db, userId)
  await db.updateOne(db.tables.tasks, { id: done.id }, { status: 'completed' })
  const byStatus: Query<{ status: string; tasks: number; email: string }, { userId: number }> = ({
    select,
    parameter,
    tables,
  }) =>
    select({ status: tables.tasks.status, tasks: count(), email: tables.users.email })
      .from(tables.tasks)
      .innerJoin(tables.users, eq(tables.users.id, tables.tasks.userId))
      .where(eq(tables.users.id, parameter(tables.users.id, 'userId')))
      .groupBy(tables.tasks.status, tables.users.email)
      .orderBy(asc(tables.tasks.status))

  expect(await db.all(byStatus, { userId })).toStrictEqual([
    { status: 'completed', tasks: 1, email: expect.any(String) },
    { status: 'pending', tasks: 2, email: expect.any(String) },
  ])
})
