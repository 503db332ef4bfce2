import type { Change } from '../changes/change.ts'
import { recordDeletions } from '../changes/deletions.ts'
import type { Database } from '../database/database.ts'
import { type Order, placeIn } from '../http/orders.ts'
import { invalidField } from '../http/problems.ts'
import type { Precondition } from '../http/versions.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'
import { lastKey } from '../values/positions.ts'
import { isTooLong, nameKeyOf } from './names.ts'
import { LabelNotFound, TooManyLabels } from './problems.ts'
import type { LabelChanges, NewLabel } from './schemas.ts'
import { labelRemoved, labelRenamed } from './sweeps.ts'
import type { LabelRow } from './table.ts'

export const maxLabels = 500

/** Throws LabelNotFound. */
export async function findLabel(db: Database, userId: number, id: number): Promise<LabelRow> {
  const label = await lookUpLabel(db, userId, id)
  if (label === undefined) throw new LabelNotFound()
  return label
}

export const lookUpLabel = (db: Database, userId: number, id: number): Promise<LabelRow | undefined> =>
  db.find(db.tables.labels, { id, userId })

/** At most 500, which are read whole. */
export const labelsOf = (db: Database, userId: number): Promise<LabelRow[]> =>
  db.list(db.tables.labels, {
    equal: { userId },
    order: ['changeSeq', 'id'],
    limit: maxLabels,
    index: 'labels_user_changed_idx',
  })

/**
 * The labels with these names, in their order, each once; those that are not there are made. `pointer` leads to the list
 * of names. Throws InvalidInput, TooManyLabels.
 */
export async function labelsNamed(change: Change, names: readonly string[], pointer: string): Promise<LabelRow[]> {
  const { tx, userId } = change
  const byKey = new Map<string, LabelRow>()
  for (const [i, name] of names.entries()) {
    if (isTooLong(name)) throw invalidField(`${pointer}/${i}`, 'is too long once normalized')
    const nameKey = nameKeyOf(name)
    if (byKey.has(nameKey)) continue
    byKey.set(nameKey, (await tx.find(tx.tables.labels, { userId, nameKey })) ?? (await addLabel(change, { name })))
  }
  return [...byKey.values()]
}

/** Throws TooManyLabels, UniqueViolation. */
export async function addLabel(
  { tx, userId, seq, now }: Change,
  { name, color = null }: { name: string; color?: string | null | undefined },
): Promise<LabelRow> {
  if ((await labelsOf(tx, userId)).length >= maxLabels) throw new TooManyLabels()
  return tx.insert(tx.tables.labels, {
    userId,
    name,
    nameKey: nameKeyOf(name),
    color,
    position: lastKey(),
    createdAt: now,
    updatedAt: now,
    changeSeq: seq,
  })
}

/** By position. */
export async function listLabels(db: Database, userId: number): Promise<LabelRow[]> {
  const rows = await labelsOf(db, userId)
  return rows.toSorted((a, b) => (a.position === b.position ? a.id - b.id : a.position < b.position ? -1 : 1))
}

/** Throws InvalidInput, TooManyLabels, UniqueViolation for a name that is taken. */
export async function createLabel(change: Change, label: NewLabel): Promise<LabelRow> {
  if (isTooLong(label.name)) throw invalidField('/name', 'is too long once normalized')
  return addLabel(change, label)
}

/**
 * Another name is written into the tasks that have the label. Throws LabelNotFound, PreconditionFailed, InvalidInput,
 * UniqueViolation for a name that is taken.
 */
export async function changeLabel(
  change: Change,
  sweeps: Sweeps,
  id: number,
  { name, color }: LabelChanges,
  requireVersion: Precondition,
): Promise<LabelRow> {
  const label = await findLabel(change.tx, change.userId, id)
  const isRenamed = name !== undefined && name !== label.name
  if (!isRenamed && (color === undefined || color === label.color)) return label
  requireVersion(label)
  if (isRenamed && isTooLong(name)) throw invalidField('/name', 'is too long once normalized')
  const changed = await write(change, id, { ...(isRenamed && { name, nameKey: nameKeyOf(name) }), color })
  if (isRenamed) await sweeps.begin(change, { kind: labelRenamed, targetId: id })
  return changed
}

/** Throws LabelNotFound, PreconditionFailed, InvalidInput. */
export async function moveLabel(
  change: Change,
  id: number,
  order: Order,
  requireVersion: Precondition,
): Promise<LabelRow> {
  const { tx, userId } = change
  requireVersion(await findLabel(tx, userId, id))
  const { position, others } = placeIn(await listLabels(tx, userId), id, order)
  for (const other of others) await write(change, other.id, { position: other.position })
  return write(change, id, { position })
}

/** Takes it off its tasks. Throws LabelNotFound, PreconditionFailed. */
export async function deleteLabel(
  change: Change,
  sweeps: Sweeps,
  id: number,
  requireVersion: Precondition,
): Promise<void> {
  requireVersion(await findLabel(change.tx, change.userId, id))
  await sweeps.begin(change, { kind: labelRemoved, targetId: id })
}

/** Gives its tasks another label instead, and deletes it. Throws LabelNotFound, PreconditionFailed, InvalidInput. */
export async function mergeLabel(
  change: Change,
  sweeps: Sweeps,
  id: number,
  intoId: number,
  requireVersion: Precondition,
): Promise<LabelRow> {
  const { tx, userId } = change
  requireVersion(await findLabel(tx, userId, id))
  const into = await lookUpLabel(tx, userId, intoId)
  if (into === undefined || intoId === id) throw invalidField('/into', 'is not the id of another label of yours')
  await sweeps.begin(change, { kind: labelRemoved, targetId: id, otherId: intoId })
  return into
}

/** Deletes the row of a label that no task has any more. */
export async function removeLabel(change: Change, id: number): Promise<void> {
  const { tx, userId } = change
  await tx.deleteMany(tx.tables.labels, { id, userId })
  await recordDeletions(change, [{ type: 'label', itemId: id }])
}

async function write(
  change: Change,
  id: number,
  changes: { [K in keyof LabelRow]?: LabelRow[K] | undefined },
): Promise<LabelRow> {
  const { tx, userId, seq, now } = change
  const changed = await tx.updateOne(tx.tables.labels, { id, userId }, { ...changes, updatedAt: now, changeSeq: seq })
  return changed!
}
