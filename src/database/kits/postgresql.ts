import { type Column, sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  foreignKey,
  getTableConfig,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  varchar,
} from 'drizzle-orm/pg-core'
import type { Kit } from '../kit.ts'
import { declareUnique } from '../uniques.ts'

const own = (column: Column) => column as AnyPgColumn

const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  toDriver: (milliseconds) => new Date(milliseconds).toISOString(),
  // 2026-01-31 09:00:00.5+00: the driver sets each session to UTC, but a pooler may forget it (+05:30)
  fromDriver: (text) => Date.parse(`${text.slice(0, 10)}T${text.slice(11)}${text.at(-3) === ':' ? '' : ':00'}`),
})

const bytes = customType<{ data: string; driverData: string; config: { length: number } }>({
  dataType: (config) => `varchar(${config!.length}) collate "C"`, // en-US denies 'Zz' < 'a0'
})

export const kit: Kit = {
  table(name, columns, constraints) {
    const table = pgTable(name, columns as never, constraints as never)
    getTableConfig(table) // calls `constraints` now, which Drizzle does late, so that `unique` is called
    return table as never
  },
  id: () => bigint({ mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
  reference: () => bigint({ mode: 'number' }),
  integer: () => integer(),
  boolean: () => boolean(),
  timestamp: () => instant() as never,
  string: (length) => varchar({ length }),
  key: (length) => bytes({ length }) as never,
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
