import { AsyncLocalStorage } from 'node:async_hooks'
import { type Database, DatabaseUnavailable } from './database.ts'
import type { Connection, Driver } from './driver.ts'
import { Deadlock } from './drivers/deadlocks.ts'
import { statementsOf } from './statements.ts'
import { verbs } from './verbs.ts'

/** A transaction while it lasts: its statements, and those of others that must not run inside it, look here. */
interface Scope {
  ended: boolean
  /** The first statement's error: work that catches it cannot save the transaction. */
  fault?: unknown
}

export function databaseOver(driver: Driver): Database {
  const statements = statementsOf(driver)
  const current = new AsyncLocalStorage<Scope>()

  function refuseInside() {
    if (current.getStore()?.ended === false) throw new Error('inside a transaction, use the database handed to it')
  }

  const outside: Connection = {
    async execute(statement, parameters) {
      refuseInside()
      return driver.execute(statement, parameters)
    },
  }

  async function transaction<R>(work: (connection: Connection) => Promise<R>): Promise<R> {
    refuseInside()
    return driver.transaction(async (connection) => {
      const scope: Scope = { ended: false }
      try {
        const value = await within(driver.transactionLimitMs, () =>
          current.run(scope, () => work(scoped(connection, scope))),
        )
        if (scope.fault !== undefined) throw scope.fault
        return value
      } catch (error) {
        throw scope.fault instanceof Deadlock ? scope.fault : error // whatever work made of it
      } finally {
        scope.ended = true
      }
    })
  }

  const inside = (connection: Connection): Database => {
    const tx: Database = {
      ...database,
      ...verbs(driver, statements, connection, (work) => work(connection)),
      transaction: (work) => work(tx),
    }
    return tx
  }

  const database: Database = {
    tables: driver.tables,
    ...verbs(driver, statements, outside, transaction),
    transaction: (work) => transaction((connection) => work(inside(connection))),
    async ready() {
      await driver.checkWritable()
      const [next] = await driver.pendingMigrations()
      if (next !== undefined) throw new DatabaseUnavailable(`migration ${next} is not applied`)
    },
    pendingMigrations: () => driver.pendingMigrations(),
    migrate: () => driver.migrate(),
    close: () => driver.close(),
  }
  return database
}

function scoped(connection: Connection, scope: Scope): Connection {
  return {
    async execute(statement, parameters) {
      if (scope.ended) throw new DatabaseUnavailable('the transaction has ended')
      try {
        return await connection.execute(statement, parameters)
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
