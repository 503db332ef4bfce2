import { type Column, sql } from 'drizzle-orm'
import {
  type AnySQLiteColumn,
  check,
  foreignKey,
  index,
  integer,
  sqliteTable,
  text,
  unique,
} from 'drizzle-orm/sqlite-core'
import type { Kit } from '../kit.ts'
import { defineTables } from '../tables.ts'

const own = (column: Column) => column as AnySQLiteColumn

const kit: Kit = {
  table: (name, columns, constraints) => sqliteTable(name, columns as never, constraints as never) as never,
  id: () => integer().primaryKey({ autoIncrement: true }),
  reference: () => integer(),
  integer: () => integer(),
  boolean: () => integer({ mode: 'boolean' }),
  timestamp: () => integer(),
  string: (length) => text({ length }),
  text: () => text(),
  index: (name, first, ...rest) => index(name).on(own(first), ...rest.map(own)),
  unique: (name, first, ...rest) => unique(name).on(own(first), ...rest.map(own)),
  cascade: (name, column, to) =>
    foreignKey({ name, columns: [own(column)], foreignColumns: [own(to)] }).onDelete('cascade'),
  oneOf: (name, column, values) => check(name, sql`${column} in ${sql.raw(`('${values.join("', '")}')`)}`),
}

export const { users, sessions, personalAccessTokens, mailLinks, auditEvents, tasks } = defineTables(kit)
