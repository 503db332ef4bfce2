import { type Column, sql } from 'drizzle-orm'
import {
  type AnyMySqlColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  getTableConfig,
  index,
  int,
  mediumtext,
  mysqlTable,
  primaryKey,
  unique,
  varchar,
} from 'drizzle-orm/mysql-core'
import type { Kit } from '../kit.ts'
import { declareUnique } from '../uniques.ts'

const own = (column: Column) => column as AnyMySqlColumn

// datetime knows no zone and is never converted, whatever the session's: it holds UTC.
const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'datetime(3)',
  toDriver: (milliseconds) => new Date(milliseconds).toISOString().slice(0, -1).replace('T', ' '),
  fromDriver: (text) => Date.parse(`${text.slice(0, 10)}T${text.slice(11)}Z`),
})

const bytes = customType<{ data: string; driverData: string; config: { length: number } }>({
  dataType: (config) => `varchar(${config!.length}) character set ascii collate ascii_bin`,
})

export const kit: Kit = {
  table(name, columns, constraints) {
    const table = mysqlTable(name, columns as never, constraints as never)
    getTableConfig(table) // calls `constraints` now, which Drizzle does late, so that `unique` is called
    return table as never
  },
  id: () => bigint({ mode: 'number' }).autoincrement().primaryKey(),
  reference: () => bigint({ mode: 'number' }),
  integer: () => int(),
  boolean: () => boolean(),
  timestamp: () => instant() as never,
  string: (length) => varchar({ length }),
  key: (length) => bytes({ length }) as never,
  text: () => mediumtext(), // `text` ends at 65,535 bytes
  primary: (name, first, ...rest) => primaryKey({ name, columns: [own(first), ...rest.map(own)] }),
  index: (name, first, ...rest) => index(name).on(own(first), ...rest.map(own)),
  unique(name, columns, refusal) {
    declareUnique(name, columns, refusal)
    const [first, ...rest] = columns
    return unique(name).on(own(first), ...rest.map(own))
  },
  cascade: (name, column, to) =>
    foreignKey({ name, columns: [own(column)], foreignColumns: [own(to)] }).onDelete('cascade'),
  oneOf: (name, column, values) => check(name, sql`${column} in ${sql.raw(`('${values.join("', '")}')`)}`),
}
