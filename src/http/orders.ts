import { Type } from '@sinclair/typebox'
import { keyBetween, keysBetween, lastKey, maxKeyLength } from '../values/positions.ts'
import { invalidField } from './problems.ts'
import { Id } from './schemas.ts'

/** Where in a list something is moved to: last, unless one of these says otherwise. */
export const orderFields = {
  before: Type.Optional(Id({ description: 'The id of the one that is to follow it.', examples: [42] })),
  after: Type.Optional(Id({ description: 'The id of the one that it is to follow.', examples: [42] })),
  first: Type.Optional(Type.Literal(true, { description: 'Puts it first.', examples: [true] })),
}

export interface Order {
  readonly before?: number
  readonly after?: number
  readonly first?: true
}

/** Throws InvalidInput for a second way to say where. */
export function checkOrder(order: Order): void {
  const names = ['before', 'after', 'first'].filter((name) => order[name as keyof Order] !== undefined)
  if (names.length > 1) throw invalidField(`/${names[1]}`, `cannot be given with ${names[0]}`)
}

interface Placed {
  readonly id: number
  readonly position: string
}

/**
 * The key of the new position of one item of a short list, which is given in its order; and new keys for its siblings,
 * where two have no key between them. Throws InvalidInput for an id that is not in the list.
 */
export function placeIn(list: readonly Placed[], id: number, order: Order): { position: string; others: Placed[] } {
  checkOrder(order)
  const siblings = list.filter((one) => one.id !== id)
  const at = indexFor(siblings, order)
  const [below, above] = [siblings[at - 1]?.position ?? null, siblings[at]?.position ?? null]
  if (above === null && order.after === undefined) return { position: lastKey(), others: [] }
  const key = below !== null && below === above ? undefined : keyBetween(below, above)
  if (key !== undefined && key.length <= maxKeyLength) return { position: key, others: [] }
  const keys = keysBetween(null, null, siblings.length + 1)
  const [position] = keys.splice(at, 1)
  return { position: position!, others: siblings.map((one, i) => ({ id: one.id, position: keys[i]! })) }
}

function indexFor(siblings: readonly Placed[], { before, after, first }: Order): number {
  if (first) return 0
  const id = before ?? after
  if (id === undefined) return siblings.length
  const at = siblings.findIndex((one) => one.id === id)
  if (at === -1)
    throw invalidField(before === undefined ? '/after' : '/before', 'must be the id of another one in that list')
  return before === undefined ? at + 1 : at
}
