/**
 * The column kit: the few kinds of column and constraint that tables are written with.
 * Each dialect implements it once, in schema/; a domain's table.ts is written once over it.
 */
import type {
  BuildColumns,
  Column,
  ColumnBuilder,
  ColumnBuilderBase,
  ColumnBuilderBaseConfig,
  ColumnDataType,
  Table as DrizzleTable,
  HasDefault,
  IsPrimaryKey,
  NotNull,
} from 'drizzle-orm'
import type { Refusal } from './uniques.ts'

type Columns = Record<string, ColumnBuilderBase>

/** A table as queries see it, whatever its dialect: Drizzle's "common" columns. */
export type Table<Name extends string = string, C extends Columns = Columns> = BuildColumns<Name, C, 'common'> &
  DrizzleTable<{ name: Name; schema: undefined; dialect: string; columns: BuildColumns<Name, C, 'common'> }>

type Kind<Type extends ColumnDataType, Data> = ColumnBuilder<
  ColumnBuilderBaseConfig<Type, string> & {
    name: ''
    dataType: Type
    data: Data
    driverParam: unknown
    enumValues: string[] | undefined
  }
>

/** An index or a constraint: opaque, only `table` reads it. */
export type Constraint = object

export interface Kit {
  table<Name extends string, C extends Columns>(
    name: Name,
    columns: C,
    constraints: (table: BuildColumns<Name, C, 'common'>) => Constraint[],
  ): Table<Name, C>

  /** The auto-incremented primary key. */
  id(): IsPrimaryKey<HasDefault<NotNull<Kind<'number', number>>>>
  /** Holds another table's id. */
  reference(): Kind<'number', number>
  integer(): Kind<'number', number>
  boolean(): Kind<'boolean', boolean>
  /** An instant: milliseconds since the epoch. */
  timestamp(): Kind<'number', number>
  /** Short, indexable text; `length` counts code points. A unique column takes at most 768 on MySQL. */
  string(length: number): Kind<'string', string>
  /** ASCII that is compared by its bytes on every database, whatever its locale; `length` counts bytes. */
  key(length: number): Kind<'string', string>
  /** Text too long for an index: up to 4 million code points. */
  text(): Kind<'string', string>

  primary(name: string, ...columns: [Column, ...Column[]]): Constraint
  index(name: string, ...columns: [Column, ...Column[]]): Constraint
  /** Names the error of a request that violates it: without one, the answer would be a fault of the server. */
  unique(name: string, columns: [Column, ...Column[]], refusal: Refusal): Constraint
  /** A foreign key whose rows go with the row they refer to. */
  cascade(name: string, column: Column, to: Column): Constraint
  oneOf(name: string, column: Column, values: readonly string[]): Constraint
}
