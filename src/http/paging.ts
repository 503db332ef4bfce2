import { setImmediate } from 'node:timers/promises'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { defaulted } from './schemas.ts'

const maxPageLength = 500

/** One page of a list, newest first, by keyset. */
export const PageQuery = Type.Object(
  {
    limit: defaulted(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: maxPageLength,
        default: 100,
        description: 'The maximum number of items on the page. A page of long items ends early, at about a megabyte.',
        examples: [50],
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,14}$',
        maxLength: 15,
        description: 'Where the page starts: the cursor in the `next` link of the previous page. It is opaque.',
        examples: ['1042'],
      }),
    ),
  },
  { additionalProperties: false },
)
export type PageQuery = Static<typeof PageQuery>

/** The items of a page. */
export const page = <S extends TSchema>(items: S) => Type.Array(items, { maxItems: maxPageLength })

/** What is known of a list at a time. */
export interface Page<T> {
  readonly items: T[]
  /** Where the next page starts, if there is more. */
  readonly next: string | undefined
}

/** Rows that are read at a time: fifty of the longest take 25 ms, during which nobody else is answered. */
const sliceLength = 50
/** Characters after which a page ends, however many rows were asked for. */
const pageLength = 1_000_000
/** Rows, and characters, after which one that keeps few of them ends: the rest is for the next request. */
const maxRows = 5_000
const maxLength = 4_000_000
/** Characters that `keep` looks at before other requests have their turn. */
const turnLength = 100_000

/** Some rows, and the one to go on after, if there may be more. */
export interface Rows<R> {
  readonly items: R[]
  readonly last: R | undefined
}

/**
 * Reads the next rows, in slices between which other requests have their turn. `read` answers up to `limit` rows that
 * come after a row. What `keep` refuses is left out: of a list that keeps few, a page may be short or empty although
 * there is more.
 */
export async function readRows<R extends object>(
  limit: number,
  start: Partial<R> | undefined,
  read: (after: Partial<R> | undefined, limit: number) => Promise<R[]>,
  keep?: (row: R) => boolean,
): Promise<Rows<R>> {
  const items: R[] = []
  let [kept, seen, length, inTurn] = [0, 0, 0, 0]
  let after = start
  for (;;) {
    const wanted = keep ? sliceLength : Math.min(limit - items.length, sliceLength)
    const rows = await read(after, wanted + 1) // one more, to know whether there is more
    for (const row of rows.length > wanted ? rows.slice(0, wanted) : rows) {
      const ofRow = lengthOf(row)
      if (keep === undefined || keep(row)) {
        items.push(row)
        kept += ofRow
      }
      seen++
      length += ofRow
      after = row
      if (items.length === limit || kept > pageLength || seen === maxRows || length > maxLength) {
        return { items, last: row === rows.at(-1) ? undefined : row }
      }
      inTurn += ofRow
      if (keep && inTurn > turnLength) {
        inTurn = 0
        await setImmediate()
      }
    }
    if (rows.length <= wanted) return { items, last: undefined }
    await setImmediate()
  }
}

/** Reads a page of a list, newest first. A page of long rows ends early, and `next` leads on. */
export async function readPage<R extends { id: number }>(
  { limit, cursor }: PageQuery,
  read: (after: Partial<R> | undefined, limit: number) => Promise<R[]>,
): Promise<Page<R>> {
  const start = cursor === undefined ? undefined : ({ id: Number(cursor) } as Partial<R>)
  const { items, last } = await readRows(limit, start, read)
  return { items, next: last && String(last.id) }
}

/** Characters of a row's texts. */
function lengthOf(row: object): number {
  let length = 0
  // Object.values would make a list of each row: a tenth of what a page costs.
  for (const name in row) {
    const value = row[name as keyof typeof row] as unknown
    if (typeof value === 'string') length += value.length
  }
  return length
}

/** A list that is always read whole. */
export const onlyPage = <T>(items: T[]): Page<T> => ({ items, next: undefined })

/** The `Link` to the next page (RFC 8288) of the list at a path, if there is one: the same query from there on. */
export function nextLink(
  request: FastifyRequest,
  path: string,
  limit: number,
  next: string | undefined,
): Record<string, string> {
  if (next === undefined) return {}
  const query = new URLSearchParams(request.url.split('?', 2)[1])
  query.set('limit', String(limit))
  query.set('cursor', next)
  return { link: `<${request.linkTo(`${path}?${query}`)}>; rel="next"` }
}
