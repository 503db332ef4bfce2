import { type Column, sql } from 'drizzle-orm'
import {
  type AnyMySqlColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  index,
  int,
  mediumtext,
  mysqlTable,
  unique,
  varchar,
} from 'drizzle-orm/mysql-core'
import type { Kit } from '../kit.ts'
import { defineTables } from '../tables.ts'

const own = (column: Column) => column as AnyMySqlColumn

// datetime knows no zone and is never converted, whatever the session's: it holds UTC.
const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'datetime(3)',
  toDriver: (milliseconds) => new Date(milliseconds).toISOString().slice(0, -1).replace('T', ' '),
  fromDriver: (text) => Date.parse(`${text.slice(0, 10)}T${text.slice(11)}Z`),
})

const kit: Kit = {
  table: (name, columns, constraints) => mysqlTable(name, columns as never, constraints as never) as never,
  id: () => bigint({ mode: 'number' }).autoincrement().primaryKey(),
  reference: () => bigint({ mode: 'number' }),
  integer: () => int(),
  boolean: () => boolean(),
  timestamp: () => instant() as never,
  string: (length) => varchar({ length }),
  text: () => mediumtext(), // `text` ends at 65,535 bytes
  index: (name, first, ...rest) => index(name).on(own(first), ...rest.map(own)),
  unique: (name, first, ...rest) => unique(name).on(own(first), ...rest.map(own)),
  cascade: (name, column, to) =>
    foreignKey({ name, columns: [own(column)], foreignColumns: [own(to)] }).onDelete('cascade'),
  oneOf: (name, column, values) => check(name, sql`${column} in ${sql.raw(`('${values.join("', '")}')`)}`),
}

export const { users, sessions, personalAccessTokens, mailLinks, auditEvents, tasks } = defineTables(kit)
