import { hash } from 'node:crypto'
import { invalidParameter } from '../http/problems.ts'
import type { TaskQuery } from './filters.ts'

/** Where a page starts: what the row before has in the columns of the order. */
export type Keys = readonly (string | number)[]

const version = 1

/** Says for which list it is, so that another one refuses it. Whose list it is need not be said: each query has its owner. */
export const cursorOf = (query: TaskQuery, keys: Keys): string =>
  Buffer.from(JSON.stringify([version, fingerprint(query), ...keys])).toString('base64url')

/** Throws InvalidInput for what is no cursor of this list. */
export function keysIn(query: TaskQuery, types: readonly ('string' | 'number')[]): Keys | undefined {
  if (query.cursor === undefined) return undefined
  const [ofVersion, of, ...keys] = parsed(query.cursor)
  const isOfList = ofVersion === version && of === fingerprint(query) && keys.length === types.length
  if (!isOfList || !keys.every((key, i) => isKey(key, types[i]!))) {
    throw invalidParameter('cursor', 'is not one of this list: follow the `next` link, with the same filters and sort')
  }
  return keys as Keys
}

const isKey = (key: unknown, type: 'string' | 'number') =>
  type === 'number' ? Number.isSafeInteger(key) : typeof key === 'string' && key.isWellFormed() && !key.includes('\0')

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

const fingerprint = ({ limit: _, cursor: __, ...filters }: TaskQuery) =>
  hash('sha256', JSON.stringify(Object.entries(filters).toSorted()), 'base64url').slice(0, 8)
