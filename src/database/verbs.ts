import { is, SQL } from 'drizzle-orm'
import type { Statement } from './compile.ts'
import type { Changes, Entity, List, Match, NewRow, Query, Row, Table, Transaction } from './database.ts'
import type { Connection, Driver, Values } from './driver.ts'
import { listParameters } from './lists.ts'
import { updateParameters } from './parameters.ts'
import type { Statements } from './statements.ts'

type Verbs = Pick<
  Transaction,
  | 'find'
  | 'lock'
  | 'all'
  | 'first'
  | 'list'
  | 'count'
  | 'insert'
  | 'insertMany'
  | 'updateOne'
  | 'updateMany'
  | 'deleteMany'
>
type Atomically = <R>(work: (connection: Connection) => Promise<R>) => Promise<R>

/** `atomically` opens a transaction, unless the connection is in one. */
export function verbs(driver: Driver, statements: Statements, connection: Connection, atomically: Atomically): Verbs {
  const find = <T extends Table>(table: T, match: Match<T>, on = connection) =>
    first<Row<T>>(on, statements.find(table, match), match)

  return {
    find: (table, match) => find(table, match),

    lock: <T extends Table>(table: T, match: Match<T>) =>
      first<Row<T>>(connection, statements.lock(table, match), match),

    all: <R, P extends object>(query: Query<R, P>, parameters: P) =>
      all<R>(connection, statements.query(query), parameters as Values),

    first: <R, P extends object>(query: Query<R, P>, parameters: P) =>
      first<R>(connection, statements.query(query), parameters as Values),

    async list<T extends Entity, K extends keyof Row<T> & string>(table: T, list: List<T, K>) {
      if (Object.values(list.among ?? {}).some((values) => (values as unknown[] | undefined)?.length === 0)) return []
      return all<Pick<Row<T>, K>>(connection, statements.list(table, list), listParameters(list))
    },

    async count<T extends Entity>(table: T, list: List<T>) {
      const counted = await first<{ rows: number }>(connection, statements.count(table, list), listParameters(list))
      return counted!.rows
    },

    async insert<T extends Entity>(table: T, row: NewRow<T>) {
      const statement = statements.insert(table, row)
      if (driver.hasReturning) return (await first<Row<T>>(connection, statement, row))!
      return atomically(async (on) => {
        const { insertedId } = await on.execute(statement, statement.bind(row))
        return (await find(table, { id: insertedId } as Match<T>, on))!
      })
    },

    async insertMany<T extends Table>(table: T, rows: NewRow<T>[]) {
      for (const row of rows) {
        const statement = statements.insertOnly(table, row)
        await connection.execute(statement, statement.bind(row))
      }
    },

    async updateOne<T extends Entity>(table: T, match: Match<T>, changes: Changes<T>) {
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
      if (Object.keys(given).length === 0) return find(table, match)
      const statement = statements.update(table, match, given)
      const parameters = updateParameters(match, given)
      if (driver.hasReturning) return first<Row<T>>(connection, statement, parameters)
      return atomically(async (on) => {
        const locked = await first<Row<T>>(on, statements.lock(table, match), match)
        if (locked === undefined) return undefined
        await on.execute(statement, statement.bind(parameters))
        return find(table, { id: (locked as { id: number }).id } as Match<T>, on) // what was matched may have changed
      })
    },

    async updateMany<T extends Table>(table: T, match: Match<T> | SQL, changes: Changes<T>) {
      const statement = statements.updateAll(table, match, changes)
      const parameters = updateParameters(is(match, SQL) ? {} : match, changes)
      const { affected } = await connection.execute(statement, statement.bind(parameters))
      return affected
    },

    async deleteMany<T extends Table>(table: T, match: Match<T> | SQL) {
      const statement = statements.delete(table, match)
      const { affected } = await connection.execute(statement, statement.bind(is(match, SQL) ? {} : match))
      return affected
    },
  }
}

// What a statement's rows are is known to its caller: here, and nowhere above, they become rows of a table.

async function all<R>(on: Connection, statement: Statement, parameters: Values): Promise<R[]> {
  const { rows } = await on.execute(statement, statement.bind(parameters))
  return rows.map(statement.decode) as R[]
}

export async function first<R>(on: Connection, statement: Statement, parameters: Values): Promise<R | undefined> {
  const { rows } = await on.execute(statement, statement.bind(parameters), true)
  return rows[0] && (statement.decode(rows[0]) as R)
}
