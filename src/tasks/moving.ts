import { type Static, Type } from '@sinclair/typebox'
import type { Change } from '../changes/change.ts'
import { checkOrder, type Order, orderFields } from '../http/orders.ts'
import { invalidField } from '../http/problems.ts'
import { Id, nullableInteger } from '../http/schemas.ts'
import type { Precondition } from '../http/versions.ts'
import { keyBetween, keysBetween, lastKey, maxKeyLength } from '../values/positions.ts'
import { goesElsewhere, moveTo, type Place, placeOfMoved } from './places.ts'
import { trashShelf } from './shelves.ts'
import { findTask, given } from './store.ts'
import type { TaskRow } from './table.ts'

export const Move = Type.Object(
  {
    project_id: Type.Optional(Id({ description: 'The project to move it to.', examples: [3] })),
    parent_id: Type.Optional(
      nullableInteger(Id({ description: 'The task to make it a subtask of; null for none.', examples: [null] })),
    ),
    ...orderFields,
  },
  {
    $id: 'Move',
    additionalProperties: false,
    description: 'Where to move a task: last in its list, unless `before`, `after` or `first` says otherwise.',
    examples: [{ parent_id: null, first: true }],
  },
)
export type Move = Static<typeof Move>

/** Siblings that get new keys when there is no room between two. */
const rekeyedEachWay = 125

/**
 * Moves a task, with its subtasks, to another place or to another position in its list. Throws TaskNotFound,
 * PreconditionFailed, InvalidInput, ProjectArchived, TreeTooLarge.
 */
export async function moveTask(
  change: Change,
  id: number,
  { before, after, first, ...ids }: Move,
  requireVersion: Precondition,
): Promise<TaskRow> {
  const { tx, userId, seq, now } = change
  const task = await findTask(tx, userId, id)
  requireVersion(task)
  const order = given({ before, after, first })
  checkOrder(order)
  const place = goesElsewhere(task, ids) ? await placeOfMoved(change, task, ids) : undefined
  const position = await positionFor(change, task, place, order)
  if (place !== undefined) return moveTo(change, task, place, position)
  return (await tx.updateOne(tx.tables.tasks, { id, userId }, { position, updatedAt: now, changeSeq: seq }))!
}

/** The key of its new position. Throws InvalidInput. */
async function positionFor(change: Change, task: TaskRow, place: Place | undefined, order: Order): Promise<string> {
  if (Object.keys(order).length === 0) return lastKey()
  const list = siblingsOf(change, task, place)
  const [below, above] = await gapFor(change, task, list, order)
  if (below === undefined) return keyBetween(null, above?.position ?? null)
  if (below.position === above?.position) return roomAfter(change, list, below)
  const key = keyBetween(below.position, above?.position ?? null)
  return key.length > maxKeyLength ? roomAfter(change, list, below) : key
}

type Siblings = ReturnType<typeof siblingsOf>

/** The list that a task is to be in, without it. */
function siblingsOf({ tx, userId }: Change, task: TaskRow, place: Place | undefined) {
  const parentId = place ? (place.parent?.id ?? null) : task.parentId
  const projectId = place?.project.id ?? task.projectId
  const equal = parentId === null ? { userId, projectId, parentId } : { userId, parentId }
  const index = parentId === null ? 'tasks_project_position_idx' : 'tasks_parent_idx'

  return {
    has: (row: TaskRow) => row.projectId === projectId && row.parentId === parentId && row.shelf !== trashShelf,
    /** The next ones after a row, upwards or downwards; from the end without one. */
    async read(way: 'up' | 'down', after: TaskRow | undefined, limit: number): Promise<TaskRow[]> {
      const rows = await tx.list(tx.tables.tasks, {
        equal,
        among: { shelf: [0, 1, 2, 3, 4] },
        order: ['position', 'id'],
        descending: way === 'down',
        after,
        limit: limit + 1, // it may be among them
        index,
      })
      return rows.filter(({ id }) => id !== task.id).slice(0, limit)
    },
  }
}

/** The two tasks that it is to stand between. Throws InvalidInput if the one that is named is not in the list. */
async function gapFor(
  { tx, userId }: Change,
  task: TaskRow,
  list: Siblings,
  { before, after }: Order,
): Promise<[below: TaskRow | undefined, above: TaskRow | undefined]> {
  const id = before ?? after
  if (id === undefined) return [undefined, (await list.read('up', undefined, 1))[0]]
  const row = await tx.find(tx.tables.tasks, { id, userId })
  const pointer = before === undefined ? '/after' : '/before'
  if (row === undefined || id === task.id || !list.has(row)) {
    throw invalidField(pointer, 'must be the id of another task in that list')
  }
  const [next] = await list.read(before === undefined ? 'up' : 'down', row, 1)
  return before === undefined ? [row, next] : [next, row]
}

/** Gives the siblings around one new keys, with room for one after it; returns that. */
async function roomAfter(change: Change, list: Siblings, row: TaskRow): Promise<string> {
  const { tx, userId, seq, now } = change
  const down = await list.read('down', row, rekeyedEachWay)
  const up = await list.read('up', row, rekeyedEachWay)
  const [lowest, highest] = [
    down.length === rekeyedEachWay ? down.pop() : undefined,
    up.length === rekeyedEachWay ? up.pop() : undefined,
  ]
  const rows = [...down.toReversed(), row, ...up]
  const keys = keysBetween(lowest?.position ?? null, highest?.position ?? null, rows.length + 1)
  const [room] = keys.splice(down.length + 1, 1)
  for (const [i, { id }] of rows.entries()) {
    await tx.updateOne(tx.tables.tasks, { id, userId }, { position: keys[i]!, updatedAt: now, changeSeq: seq })
  }
  return room!
}
