import { is, SQL, type Table } from 'drizzle-orm'
import type { Statement } from './compile.ts'
import type { Database, Entity, Query } from './database.ts'
import type { Connection, Driver, Values } from './driver.ts'
import { type Statements, updateParameters } from './statements.ts'

type Verbs = Pick<Database, 'find' | 'all' | 'insert' | 'update' | 'updateAll' | 'delete'>
type Atomically = <R>(work: (connection: Connection) => Promise<R>) => Promise<R>

/** `atomically` opens a transaction, unless the connection is in one. */
export function verbs(driver: Driver, statements: Statements, connection: Connection, atomically: Atomically): Verbs {
  const find = async (table: Table, match: Values, on = connection) => first(on, statements.find(table, match), match)

  async function all(query: Query<unknown>, parameters: Values) {
    const statement = statements.query(query)
    const { rows } = await connection.execute(statement, statement.bind(parameters))
    return rows.map(statement.decode)
  }

  async function insert(table: Entity, row: Values) {
    const statement = statements.insert(table, row)
    if (driver.hasReturning) return first(connection, statement, row)
    return atomically(async (on) => {
      const { insertedId } = await on.execute(statement, statement.bind(row))
      return find(table, { id: insertedId }, on)
    })
  }

  async function update(table: Entity, match: Values, changes: Values) {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    if (Object.keys(given).length === 0) return find(table, match)
    const statement = statements.update(table, match, given)
    const parameters = updateParameters(match, given)
    if (driver.hasReturning) return first(connection, statement, parameters)
    return atomically(async (on) => {
      const locked = await first(on, statements.lock(table, match), match)
      if (locked === undefined) return undefined
      await on.execute(statement, statement.bind(parameters))
      return find(table, { id: locked.id }, on) // by id: what was matched may have changed
    })
  }

  async function updateAll(table: Table, match: Values, changes: Values) {
    const statement = statements.updateAll(table, match, changes)
    const { affected } = await connection.execute(statement, statement.bind(updateParameters(match, changes)))
    return affected
  }

  async function remove(table: Table, match: Values | SQL) {
    const statement = statements.delete(table, match)
    const { affected } = await connection.execute(statement, statement.bind(is(match, SQL) ? {} : match))
    return affected
  }

  return { find, all, insert, update, updateAll, delete: remove } as Verbs
}

async function first(on: Connection, statement: Statement, parameters: Values): Promise<Values | undefined> {
  const { rows } = await on.execute(statement, statement.bind(parameters))
  return rows[0] && statement.decode(rows[0])
}
