import { createHash } from 'node:crypto'
import { Column, type DriverValueDecoder, is, Param, Placeholder, SQL } from 'drizzle-orm'
import type { Built, Values } from './driver.ts'

/** SQL that is built once; executing it takes no more than its parameters' values. */
export interface Statement {
  readonly sql: string
  /** The same for the same SQL, in every process: a server may keep what it prepared under it. */
  readonly name: string
  /** Whether it may change rows. */
  readonly isWrite: boolean
  bind(values: Values): unknown[]
  decode(row: unknown[]): Values
}

export type Fields = Record<string, Column | SQL | SQL.Aliased>

export function compile(query: Built, fields: Fields = {}): Statement {
  const { sql, params } = query.toSQL()
  const name = createHash('sha256').update(sql).digest('base64url')
  return { sql, name, isWrite: !sql.startsWith('select'), bind: binder(params), decode: decoder(fields) }
}

function binder(params: unknown[]): Statement['bind'] {
  const slots = params.map(slot)
  return (values) => slots.map((slot) => slot(values))
}

function slot(param: unknown): (values: Values) => unknown {
  if (is(param, Placeholder)) return (values) => given(values, param.name)
  if (!is(param, Param) || !is(param.value, Placeholder)) return () => param
  const { name } = param.value
  return (values) => {
    const value = given(values, name)
    return value === null ? null : param.encoder.mapToDriverValue(value)
  }
}

function given(values: Values, name: string) {
  const value = values[name]
  if (value === undefined) throw new TypeError(`no value for the parameter ${name}`)
  return value
}

/**
 * Written as one object literal, as JSON serializers and validators are: V8 then makes the object whole, where naming its
 * properties one by one takes ten times as long. Nothing of it comes from a request.
 */
function decoder(fields: Fields): Statement['decode'] {
  const decoders = Object.values(fields).map(decoderOf)
  const properties = Object.keys(fields).map((key, i) => {
    const value = decoders[i] ? `row[${i}] === null ? null : decoders[${i}].mapFromDriverValue(row[${i}])` : `row[${i}]`
    return `${JSON.stringify(key)}: ${value}`
  })
  return new Function('decoders', `return (row) => ({ ${properties.join(', ')} })`)(decoders)
}

type Decoder = DriverValueDecoder<unknown, unknown>

/** Undefined where values come as they are. */
function decoderOf(field: Fields[string]): Decoder | undefined {
  if (is(field, Column)) return field.mapFromDriverValue === Column.prototype.mapFromDriverValue ? undefined : field
  // What mapWith set: Drizzle's types hide it.
  return ((is(field, SQL) ? field : field.sql) as unknown as { decoder: Decoder }).decoder
}
