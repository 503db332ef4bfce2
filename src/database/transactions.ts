import { AsyncLocalStorage } from 'node:async_hooks'
import { type Database, DatabaseUnavailable, type Transaction } from './database.ts'
import type { Connection, Driver } from './driver.ts'
import { Retryable } from './drivers/retries.ts'
import { insertsNumbered, numbering } from './numbered.ts'
import { statementsOf } from './statements.ts'
import { type InTurn, turns } from './turns.ts'
import { verbs } from './verbs.ts'

/** A transaction while it lasts: its statements, and those of others that must not run inside it, look here. */
interface Scope {
  ended: boolean
  /** The first statement's error: work that catches it cannot save the transaction. */
  fault?: unknown
  hasWritten: boolean
  /** What to do once it is committed. */
  readonly afterwards: (() => void)[]
}

export function databaseOver(driver: Driver): Database {
  const statements = statementsOf(driver)
  const current = new AsyncLocalStorage<Scope>()

  const isInside = () => current.getStore()?.ended === false

  const outside: Connection = {
    execute(statement, parameters, isOne) {
      return isInside() ? Promise.reject(misuse()) : driver.execute(statement, parameters, isOne)
    },
  }

  async function transaction<R>(work: (connection: Connection, scope: Scope) => Promise<R>): Promise<R> {
    if (isInside()) throw misuse()
    let afterwards: Scope['afterwards'] = []
    const value = await driver.transaction(async (connection) => {
      const scope: Scope = { ended: false, hasWritten: false, afterwards: [] }
      afterwards = scope.afterwards
      try {
        const value = await within(driver.transactionLimitMs, () =>
          current.run(scope, () => work(scoped(connection, scope), scope)),
        )
        if (scope.fault !== undefined) throw scope.fault
        return value
      } catch (error) {
        throw scope.fault instanceof Retryable ? scope.fault : error // whatever work made of it
      } finally {
        scope.ended = true
      }
    })
    for (const work of afterwards) work()
    return value
  }

  const inside = (connection: Connection, { afterwards }: Scope): Transaction => {
    const tx: Transaction = {
      ...database,
      ...verbs(driver, statements, connection, (work) => work(connection)),
      transaction: (work) => work(tx),
      afterCommit: (work) => void afterwards.push(work),
    }
    return tx
  }

  const feeds = numbering(driver)
  const inTurn: InTurn = driver.rowLock ? turns() : (_userId, work) => work()

  async function writing<R>(userId: number, work: (tx: Transaction, seq: number) => Promise<R>): Promise<R> {
    if (isInside()) throw misuse()
    let value: R
    const written = inTurn(userId, () =>
      transaction(async (connection, scope) => {
        const seq = await feeds.take(connection, userId)
        scope.hasWritten = false
        value = await work(inside(connection, scope), seq)
        if (!scope.hasWritten) throw new Unwritten()
        return value
      }),
    )
    return written.catch((error: unknown) => {
      if (error instanceof Unwritten) return value
      throw error
    })
  }

  const database: Database = {
    tables: driver.tables,
    ...verbs(driver, statements, outside, transaction),
    transaction: (work) => transaction((connection, scope) => work(inside(connection, scope))),
    writing,
    ...insertsNumbered(driver, statements, feeds, outside, inTurn, writing),
    afterCommit: (work) => work(),
    usage: () => driver.usage(),
    async ready() {
      await driver.checkWritable()
      const [next] = await driver.pendingMigrations()
      if (next !== undefined) throw new DatabaseUnavailable(`migration ${next} is not applied`)
    },
    checkCharacters: () => driver.checkCharacters(),
    pendingMigrations: () => driver.pendingMigrations(),
    migrate: () => driver.migrate(),
    close: () => driver.close(),
  }
  return database
}

const misuse = () => new Error('inside a transaction, use the database handed to it')

/** Rolls a transaction back that has nothing to commit, and so gives back its number. */
class Unwritten extends Error {}

function scoped(connection: Connection, scope: Scope): Connection {
  return {
    async execute(statement, parameters) {
      if (scope.ended) throw new DatabaseUnavailable('the transaction has ended')
      try {
        const result = await connection.execute(statement, parameters)
        if (statement.isWrite && (result.affected > 0 || result.rows.length > 0)) scope.hasWritten = true
        return result
      } catch (error) {
        scope.fault ??= error
        throw error
      }
    },
  }
}

async function within<R>(limitMs: number, work: () => Promise<R>): Promise<R> {
  const { promise, reject } = Promise.withResolvers<never>()
  const fault = new DatabaseUnavailable(`a transaction took longer than ${limitMs} ms`)
  const timer = setTimeout(reject, limitMs, fault)
  try {
    return await Promise.race([work(), promise])
  } finally {
    clearTimeout(timer)
  }
}
