import { setTimeout as sleep } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { type Database, DatabaseUnavailable, type Query, ReferenceViolation } from '../../src/database/database.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { dialect, test } from '../support/database.ts'
import { addUser, newTask } from './people.ts'

const seqOf = async (db: Database, userId: number) => (await db.find(db.tables.changeFeeds, { userId }))!.seq

const numbersOf = async (db: Database, userId: number) =>
  (await db.all(numbers, { userId })).map(({ changeSeq }) => changeSeq).sort((a, b) => a - b)

const numbers: Query<{ changeSeq: number }, { userId: number }> = ({ select, parameter, tables: { tasks } }) =>
  select({ changeSeq: tasks.changeSeq })
    .from(tasks)
    .where(eq(tasks.userId, parameter(tasks.userId, 'userId')))

test('each write takes the next number of its owner, and nobody else’s', async ({ db }) => {
  const { tasks } = db.tables
  const [ann, bob] = [await addUser(db), await addUser(db)]

  const first = await db.insertNumbered(tasks, newTask(ann.id))
  const others = await db.insertNumbered(tasks, newTask(bob.id))
  const changed = await db.writing(ann.id, (tx, changeSeq) => tx.updateOne(tasks, { id: first.id }, { changeSeq }))

  expect(first).toMatchObject({ ...newTask(ann.id), changeSeq: 1 })
  expect(others.changeSeq).toBe(1)
  expect(changed?.changeSeq).toBe(2)
  expect(await seqOf(db, ann.id)).toBe(2)
  expect(await db.find(tasks, { id: first.id })).toEqual(changed)
})

test('all that one transaction writes has one number', async ({ db }) => {
  const { tasks } = db.tables
  const { id: userId } = await addUser(db)

  await db.writing(userId, async (tx, changeSeq) => {
    for (const title of ['a', 'b', 'c']) await tx.insert(tasks, { ...newTask(userId, title), changeSeq })
  })

  expect(await numbersOf(db, userId)).toEqual([1, 1, 1])
  expect(await seqOf(db, userId)).toBe(1)
})

test('a write that fails, or changes nothing, gives its number back', async ({ db }) => {
  const { tasks } = db.tables
  const { id: userId } = await addUser(db)
  const wrong = { ...newTask(userId), status: 'wrong' as 'pending' }

  await expect(db.insertNumbered(tasks, wrong)).rejects.toThrow()
  await expect(
    db.writing(userId, async (tx, changeSeq) => {
      await tx.insert(tasks, { ...newTask(userId), changeSeq })
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  const read = await db.writing(userId, async (tx) => {
    await tx.updateMany(tasks, { userId, title: 'nothing has this title' }, { title: 'x' })
    return tx.find(tasks, { userId })
  })

  expect(read).toBeUndefined()
  expect(await seqOf(db, userId)).toBe(0)
  expect((await db.insertNumbered(tasks, newTask(userId))).changeSeq).toBe(1)
})

test('nothing can be written for an owner who is gone', async ({ db }) => {
  const { users, tasks } = db.tables
  const { id } = await addUser(db)
  await db.deleteMany(users, { id })

  await expect(db.insertNumbered(tasks, newTask(id))).rejects.toThrow(ReferenceViolation)
  await expect(db.writing(id, async () => {})).rejects.toThrow(ReferenceViolation)
})

// The reason for the counter: whoever has seen number n never finds a smaller one later, and none is missing.
test('a reader who follows the numbers of twelve writers misses none, and none comes late', async ({
  db,
  databaseUrl,
}) => {
  const { tasks } = db.tables
  const { id: userId } = await addUser(db)
  await using other = await connected(databaseUrl)
  let writersLeft = 12
  const write = async (writer: number) => {
    const on = writer % 2 === 0 ? db : other // two instances
    for (let n = 0; n < 8; n++) {
      if (n % 4 === 0) await on.insertNumbered(tasks, newTask(userId))
      else {
        const attempt = on.writing(userId, async (tx, changeSeq) => {
          await tx.insert(tasks, { ...newTask(userId), changeSeq })
          if (dialect !== 'sqlite') await sleep((writer * 7 + n * 3) % 10)
          if ((writer + n) % 7 === 0) throw new Error('no')
        })
        await attempt.catch((error: Error) => expect(error.message).toBe('no'))
      }
    }
    writersLeft--
  }
  const faults: string[] = []
  const read = async () => {
    let seen: number[] = []
    do {
      const now = await numbersOf(db, userId)
      if (now.some((number, i) => number !== i + 1)) faults.push(`a gap in ${now}`)
      if (seen.some((number, i) => now[i] !== number)) faults.push(`late: ${now} after ${seen}`)
      seen = now
      await sleep(1)
    } while (writersLeft > 0)
    return seen
  }

  const [seen] = await Promise.all([read(), ...Array.from({ length: 12 }, (_, writer) => write(writer))])

  expect(faults).toEqual([])
  expect(seen.length).toBeGreaterThan(70)
  expect(await seqOf(db, userId)).toBe((await numbersOf(db, userId)).length)
})

test.skipIf(dialect === 'sqlite')('one user’s many writes leave connections to the others', async ({ databaseUrl }) => {
  await using db = await connected(databaseUrl, 2)
  const [hot, cold] = [await addUser(db), await addUser(db)]
  const isHeld = Promise.withResolvers<void>()
  const order: string[] = []

  const first = db.writing(hot.id, async (tx, changeSeq) => {
    await tx.insert(db.tables.tasks, { ...newTask(hot.id), changeSeq })
    await isHeld.promise
    order.push('hot')
  })
  const waiting = Array.from({ length: 20 }, () => db.insertNumbered(db.tables.tasks, newTask(hot.id)))
  await db.insertNumbered(db.tables.tasks, newTask(cold.id))
  order.push('cold')
  isHeld.resolve()
  await Promise.all([first, ...waiting])

  expect(order).toEqual(['cold', 'hot'])
  expect(await numbersOf(db, hot.id)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
})

test.skipIf(dialect === 'sqlite')('of one user’s writes at most a thousand wait', async ({ db }) => {
  const { id: userId } = await addUser(db)

  const outcomes = await Promise.allSettled(
    Array.from({ length: 1_030 }, () => db.insertNumbered(db.tables.tasks, newTask(userId))),
  )

  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(refused).toHaveLength(30)
  for (const { reason } of refused) expect(reason).toBeInstanceOf(DatabaseUnavailable)
  expect(await numbersOf(db, userId)).toHaveLength(1_000)
})

async function connected(url: string, poolSize = 10) {
  const db = await connect(parseDatabaseUrl(url), { poolSize })
  return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() })
}
