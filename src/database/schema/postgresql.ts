import { type Column, sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  index,
  integer,
  pgTable,
  text,
  unique,
  varchar,
} from 'drizzle-orm/pg-core'
import type { Kit } from '../kit.ts'
import { defineTables } from '../tables.ts'

const own = (column: Column) => column as AnyPgColumn

const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (milliseconds) => new Date(milliseconds).toISOString(),
  // 2026-01-31 09:00:00.5+00, for the driver sets each session to UTC
  fromDriver: (text) => Date.parse(`${text.slice(0, 10)}T${text.slice(11)}:00`),
})

const kit: Kit = {
  table: (name, columns, constraints) => pgTable(name, columns as never, constraints as never) as never,
  id: () => bigint({ mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
  reference: () => bigint({ mode: 'number' }),
  integer: () => integer(),
  boolean: () => boolean(),
  timestamp: () => instant() as never,
  string: (length) => varchar({ length }),
  text: () => text(),
  index: (name, first, ...rest) => index(name).on(own(first), ...rest.map(own)),
  unique: (name, first, ...rest) => unique(name).on(own(first), ...rest.map(own)),
  cascade: (name, column, to) =>
    foreignKey({ name, columns: [own(column)], foreignColumns: [own(to)] }).onDelete('cascade'),
  oneOf: (name, column, values) => check(name, sql`${column} in ${sql.raw(`('${values.join("', '")}')`)}`),
}

export const { users, sessions, personalAccessTokens, mailLinks, auditEvents, tasks } = defineTables(kit)
