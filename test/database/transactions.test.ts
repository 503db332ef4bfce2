import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { DatabaseUnavailable, UniqueViolation } from '../../src/database/database.ts'
import { dialect, test } from '../support/database.ts'
import { addTask, addUser, newTask, newUser } from './people.ts'

test('a transaction that fails leaves nothing, and those beside it are not touched', async ({ db }) => {
  const { users } = db.tables
  const people = Array.from({ length: 9 }, newUser)

  const outcomes = await Promise.allSettled(
    people.map((person, i) =>
      db.transaction(async (tx) => {
        await tx.insert(users, person)
        await tick()
        if (i % 2 === 1) throw new Error(`no ${i}`)
        return i
      }),
    ),
  )

  for (const [i, outcome] of outcomes.entries()) {
    if (i % 2 === 1) expect(outcome).toMatchObject({ reason: { message: `no ${i}` } })
    else expect(outcome).toEqual({ status: 'fulfilled', value: i })
    expect((await db.find(users, { email: people[i]!.email })) !== undefined).toBe(i % 2 === 0)
  }
})

test('a write from outside does not join a transaction', async ({ db }) => {
  const { tasks } = db.tables
  const { id: userId } = await addUser(db)
  const isOpen = Promise.withResolvers<void>()

  const failing = db.transaction(async (tx) => {
    await tx.insert(tasks, newTask(userId, 'inside'))
    isOpen.resolve()
    await sleep(20)
    throw new Error('no')
  })
  await isOpen.promise
  const [failed, outside] = await Promise.allSettled([failing, addTask(db, userId, 'outside')])

  expect(failed.status).toBe('rejected')
  expect(outside.status).toBe('fulfilled')
  expect(await db.find(tasks, { userId, title: 'inside' })).toBeUndefined()
  expect(await db.find(tasks, { userId, title: 'outside' })).toBeDefined()
})

test('what a transaction wrote is seen inside at once, outside once it has ended', async ({ db }) => {
  const { users } = db.tables
  const person = newUser()
  const isOpen = Promise.withResolvers<void>()

  const writing = db.transaction(async (tx) => {
    await tx.insert(users, person)
    isOpen.resolve()
    await sleep(20)
    await tx.updateOne(users, { email: person.email }, { isActive: false })
    return tx.find(users, { email: person.email })
  })
  await isOpen.promise
  const seen = await db.find(users, { email: person.email })

  expect(seen?.isActive).not.toBe(true)
  expect(await writing).toMatchObject({ isActive: false })
  expect(await db.find(users, { email: person.email })).toEqual(await writing)
})

test('no update is lost among twenty at once', async ({ db }) => {
  const { tasks } = db.tables
  const { id } = await addTask(db, undefined, '0')
  const attempt = () =>
    db.transaction(async (tx) => {
      const { title } = (await tx.find(tasks, { id }))!
      await tick()
      return tx.updateOne(tasks, { id, title }, { title: `${Number(title) + 1}` })
    })

  const outcomes = await Promise.all(Array.from({ length: 20 }, attempt))

  const won = outcomes.filter((task) => task !== undefined)
  expect(won.length).toBeGreaterThan(0)
  expect((await db.find(tasks, { id }))?.title).toBe(`${won.length}`)
})

test('a transaction inside another is part of it', async ({ db }) => {
  const { users } = db.tables
  const person = newUser()

  const nested = db.transaction((tx) =>
    tx.transaction(async (inner) => {
      await inner.insert(users, person)
      throw new Error('no')
    }),
  )

  await expect(nested).rejects.toThrow('no')
  expect(await db.find(users, { email: person.email })).toBeUndefined()
})

test('a statement that fails dooms its transaction, even if the error is caught', async ({ db }) => {
  const { users } = db.tables
  const taken = await addUser(db)
  const person = newUser()

  const caught = db.transaction(async (tx) => {
    await tx.insert(users, person)
    await tx.insert(users, { ...newUser(), email: taken.email }).catch(() => {})
  })

  await expect(caught).rejects.toThrow(UniqueViolation)
  expect(await db.find(users, { email: person.email })).toBeUndefined()
})

test('a transaction may name the error of its statement', async ({ db }) => {
  const taken = await addUser(db)

  const named = db.transaction((tx) =>
    tx.insert(tx.tables.users, { ...newUser(), email: taken.email }).catch(() => {
      throw new Error('email taken')
    }),
  )

  await expect(named).rejects.toThrow('email taken')
})

test('inside a transaction the outer database refuses to work', async ({ db }) => {
  const { users } = db.tables
  const { id } = await addUser(db)

  for (const misuse of [
    () => db.find(users, { id }),
    () => addUser(db),
    () => db.updateOne(users, { id }, { isActive: false }),
    () => db.transaction((tx) => addUser(tx)),
  ]) {
    await expect(db.transaction(misuse)).rejects.toThrow('use the database handed to it')
  }
  expect(await db.find(users, { id })).toMatchObject({ isActive: true })
})

test('work that was started in a transaction may use the database after its end', async ({ db }) => {
  let later: Promise<unknown> | undefined

  await db.transaction(async (tx) => {
    const { id } = await addUser(tx)
    later = sleep(50).then(() => db.find(db.tables.users, { id }))
  })

  expect(await later).toBeDefined()
})

test('after its end a transaction takes no more statements', async ({ db }) => {
  const tx = await db.transaction(async (tx) => tx)

  await expect(addUser(tx)).rejects.toThrow(DatabaseUnavailable)
})

test.skipIf(dialect === 'sqlite')('a deadlock is met by another try', async ({ db }) => {
  const { tasks } = db.tables
  const one = await addTask(db)
  const two = await addTask(db)
  let runs = 0
  const both = (first: number, second: number) =>
    db.transaction(async (tx) => {
      runs++
      await tx.updateOne(tasks, { id: first }, { title: sql`concat(${tasks.title}, '+')` })
      await sleep(50)
      await tx.updateOne(tasks, { id: second }, { title: sql`concat(${tasks.title}, '+')` })
    })

  await Promise.all([both(one.id, two.id), both(two.id, one.id)])

  expect(runs).toBeGreaterThan(2)
  for (const { id, title } of [one, two]) expect((await db.find(tasks, { id }))?.title).toBe(`${title}++`)
})

test('what waits for the commit runs once, after it, and never when it fails', async ({ db }) => {
  const { users } = db.tables
  const done: string[] = []
  const seen: (object | undefined)[] = []
  const [kept, lost] = [newUser(), newUser()]

  await db.transaction(async (tx) => {
    tx.afterCommit(() => void done.push('kept'))
    await tx.insert(users, kept)
    expect(done).toEqual([])
  })
  seen.push(await db.find(users, { email: kept.email }))
  await db
    .transaction(async (tx) => {
      tx.afterCommit(() => void done.push('lost'))
      await tx.insert(users, lost)
      throw new Error('no')
    })
    .catch(() => {})
  db.afterCommit(() => void done.push('now'))

  expect(done).toEqual(['kept', 'now'])
  expect(seen).toEqual([expect.objectContaining(kept)])
})

test('a row that is locked waits for nobody else to change it', async ({ db }) => {
  const { tasks } = db.tables
  const { id } = await addTask(db, undefined, '0')
  const addOne = () =>
    db.transaction(async (tx) => {
      const { title } = (await tx.lock(tasks, { id }))!
      await tick()
      await tx.updateMany(tasks, { id }, { title: `${Number(title) + 1}` })
    })

  await Promise.all(Array.from({ length: 20 }, addOne))

  expect(await db.find(tasks, { id })).toMatchObject({ title: '20' })
})
