import { type Column, sql } from 'drizzle-orm'
import {
  type AnySQLiteColumn,
  check,
  foreignKey,
  getTableConfig,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
} from 'drizzle-orm/sqlite-core'
import type { Kit } from '../kit.ts'
import { declareUnique } from '../uniques.ts'

const own = (column: Column) => column as AnySQLiteColumn

export const kit: Kit = {
  table(name, columns, constraints) {
    const table = sqliteTable(name, columns as never, constraints as never)
    getTableConfig(table) // calls `constraints` now, which Drizzle does late, so that `unique` is called
    return table as never
  },
  id: () => integer().primaryKey({ autoIncrement: true }),
  reference: () => integer(),
  integer: () => integer(),
  boolean: () => integer({ mode: 'boolean' }),
  timestamp: () => integer(),
  string: (length) => text({ length }),
  key: (length) => text({ length }),
  text: () => text(),
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
