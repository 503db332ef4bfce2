import { inspect } from 'node:util'
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Query } from '../../src/database/database.ts'
import { test } from '../support/database.ts'
import { addTask, addUser, newTask, newUser } from './people.ts'

const canary = 'canary-4711'

/** All that a logger could find in it. */
const written = (error: unknown) => inspect(error, { depth: 20, showHidden: true, getters: true })

test('an error tells nothing of the values that were sent', async ({ db }) => {
  const { users, tasks } = db.tables
  const { id: userId } = await addUser(db)
  const taken = await db.insert(users, { ...newUser(), email: canary, passwordHash: canary })
  const task = await addTask(db, userId)

  const outcomes = await Promise.allSettled([
    db.insert(users, { ...newUser(), email: canary, passwordHash: canary }),
    db.updateOne(users, { id: userId }, { email: canary, passwordHash: canary }),
    db.insert(tasks, { ...newTask(userId, canary), status: canary as never }),
    db.insert(tasks, { ...newTask(taken.id + 1_000_000, canary), description: canary }),
    db.insert(tasks, { ...newTask(userId), title: null as never, description: canary }),
    db.updateOne(tasks, { id: task.id }, { title: sql`no_such_function(${canary})` }),
    db.transaction((tx) => tx.insert(tasks, { ...newTask(userId, canary), status: 'x' as never })),
    db.all(broken, { text: canary }),
  ])

  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { name: expect.stringMatching(/^UniqueV|^ReferenceV|^QueryF/) },
    })
    expect(written(outcome)).not.toContain(canary)
    expect((outcome as PromiseRejectedResult).reason).not.toHaveProperty('cause')
  }
})

const broken: Query<unknown, { text: string }> = ({ select, parameter, tables: { users } }) =>
  select()
    .from(users)
    .where(sql`no_such_column = ${parameter(users.email, 'text')}`)
