import type { Change } from '../changes/change.ts'
import { atPointer, invalidField, Problem } from '../http/problems.ts'
import { anyVersion, type Precondition, versionNamed } from '../http/versions.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import type { Operation, Outcome, Ref } from './batch-schemas.ts'
import { completeTask, skipTask } from './completing.ts'
import { moveTask } from './moving.ts'
import { BatchTooLarge } from './problems.ts'
import { archivedShelf, listedShelves, trashShelf } from './shelves.ts'
import { changeTask, createTask } from './store.ts'
import { deleteTask, restoreTask, trashTask } from './trash.ts'

/** Rows that an atomic batch changes: on SQLite nobody else is answered meanwhile. */
const maxRows = 1_000

/** Throws InvalidInput for a `ref` that is given twice, or that no operation before has given. */
export function checkRefs(operations: readonly Operation[]): void {
  const known = new Set<string>()
  for (const [i, operation] of operations.entries()) {
    const refuse = (ref: string, pointer: string) => {
      if (!known.has(ref)) throw invalidField(`/operations/${i}${pointer}`, 'is not the ref of an earlier operation')
      return 0
    }
    withIds(operation, refuse)
    if (operation.op !== 'create' || operation.ref === undefined) continue
    if (known.has(operation.ref)) throw invalidField(`/operations/${i}/ref`, 'is the ref of an earlier operation')
    known.add(operation.ref)
  }
}

/** Runs all of them in one transaction. Throws what the first that fails throws, with pointers to it; BatchTooLarge. */
export async function runAll(
  change: Change,
  sweeps: Sweeps,
  user: AuthenticatedUser,
  operations: readonly Operation[],
): Promise<Outcome[]> {
  const versions = versionsBefore(change, user)
  const outcomes: Outcome[] = []
  for (const operation of operations) {
    outcomes.push(await runAt(change, sweeps, operations, outcomes, versions(ifMatchOf(operation))))
    if (operation.op !== 'create') await refuseWide(change)
  }
  return outcomes
}

/** Runs the next one. Throws what it throws, with pointers to it. */
export const runNext = (
  change: Change,
  sweeps: Sweeps,
  user: AuthenticatedUser,
  operations: readonly Operation[],
  outcomes: readonly Outcome[],
): Promise<Outcome> => {
  const ifMatch = ifMatchOf(operations[outcomes.length]!)
  return runAt(change, sweeps, operations, outcomes, ifMatch === undefined ? anyVersion : versionNamed(ifMatch, user))
}

const ifMatchOf = (operation: Operation) => (operation.op === 'create' ? undefined : operation.if_match)

/** What an operation says of versions, where earlier ones of the same transaction may have written the task. */
function versionsBefore({ seq }: Change, user: AuthenticatedUser) {
  const before = new Map<number, number>()
  return (ifMatch: string | undefined): Precondition => {
    const require = ifMatch === undefined ? anyVersion : versionNamed(ifMatch, user)
    return ({ id, changeSeq }) => {
      if (changeSeq !== seq) before.set(id, changeSeq)
      require({ id, changeSeq: before.get(id) ?? changeSeq })
    }
  }
}

/** The operation that comes after those that have outcomes. */
async function runAt(
  change: Change,
  sweeps: Sweeps,
  operations: readonly Operation[],
  outcomes: readonly Outcome[],
  requireVersion: Precondition,
): Promise<Outcome> {
  const made = new Map(outcomes.map(({ id }, i) => [(operations[i] as { ref?: string }).ref, id]))
  const pointer = `/operations/${outcomes.length}`
  try {
    return await at(pointer, () => {
      const operation = withIds(operations[outcomes.length]!, (ref, pointer) => {
        const id = made.get(ref)
        if (id === undefined) throw invalidField(pointer, 'refers to a task that was not created')
        return id
      })
      return run(change, sweeps, operation, requireVersion)
    })
  } catch (error) {
    if (!(error instanceof Problem) || error.errors) throw error
    throw new Problem(error.kind, { detail: error.message, errors: [{ detail: error.message, pointer }] })
  }
}

async function run(
  change: Change,
  sweeps: Sweeps,
  operation: WithIds<Operation>,
  requireVersion: Precondition,
): Promise<Outcome> {
  switch (operation.op) {
    case 'create': {
      const { id } = await at('/task', () => createTask(change, operation.task))
      return { status: 201, id }
    }
    case 'change': {
      const { id, changes } = operation
      await at('/changes', () => changeTask(change, id, changes, requireVersion))
      return { status: 200, id }
    }
    case 'delete': {
      const { id, permanent } = operation
      await (permanent ? deleteTask(change, id, requireVersion) : trashTask(change, sweeps, id, requireVersion))
      return { status: 204, id }
    }
    case 'complete': {
      const { op: _op, id, if_match: _ifMatch, ...completion } = operation
      await completeTask(change, id, completion, requireVersion)
      return { status: 200, id }
    }
    case 'skip': {
      const { id, due } = operation
      await skipTask(change, id, { ...(due !== undefined && { due }) }, requireVersion)
      return { status: 200, id }
    }
    case 'move': {
      const { op: _op, id, if_match: _ifMatch, ...move } = operation
      await moveTask(change, id, move, requireVersion)
      return { status: 200, id }
    }
    case 'restore': {
      const { id } = operation
      await restoreTask(change, id, requireVersion)
      return { status: 200, id }
    }
  }
}

/** Throws BatchTooLarge when the transaction has written too many rows. */
async function refuseWide({ tx, userId, seq }: Change): Promise<void> {
  const { tasks, deletions } = tx.tables
  const written = { equal: { userId }, order: ['changeSeq', 'id'] as const, range: { from: seq }, limit: maxRows + 1 }
  const shelf = [...listedShelves, archivedShelf, trashShelf]
  const changed = await tx.count(tasks, { ...written, among: { shelf }, index: 'tasks_user_changed_idx' })
  const deleted = await tx.count(deletions, { ...written, index: 'deletions_user_changed_idx' })
  if (changed + deleted > maxRows) throw new BatchTooLarge()
}

/** Problems of the work are problems at this place of the body. */
async function at<R>(pointer: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Problem ? atPointer(pointer, error) : error
  }
}

type WithIds<T> = T extends Ref ? never : T extends object ? { [K in keyof T]: WithIds<T[K]> } : T

/** The same with ids instead of refs. */
function withIds<T extends object>(
  fields: T,
  idOf: (ref: string, pointer: string) => number,
  pointer = '',
): WithIds<T> {
  const entries = Object.entries(fields).map(([name, value]) => {
    const here = `${pointer}/${name}`
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [name, value]
    return [name, 'ref' in value ? idOf(value.ref, here) : withIds(value, idOf, here)]
  })
  return Object.fromEntries(entries)
}
