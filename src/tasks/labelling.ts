import type { Change } from '../changes/change.ts'
import { nameKeyOf } from '../labels/names.ts'
import { labelsNamed } from '../labels/store.ts'
import type { LabelRow } from '../labels/table.ts'
import { labelNamesOf } from './schemas.ts'
import type { TaskRow } from './table.ts'

/** The labels that a request names, and how a task keeps their names. Throws InvalidInput, TooManyLabels. */
export async function labelsFor(change: Change, names: readonly string[]) {
  const found = await labelsNamed(change, names, '/labels')
  return { found, labels: namesAsKept(found.map(({ name }) => name)) }
}

export const namesAsKept = (names: readonly string[]): string | null =>
  names.length === 0 ? null : JSON.stringify(names)

/** Makes these the labels of a task, for look-ups. */
export async function setLabels({ tx }: Change, taskId: number, labels: readonly LabelRow[]): Promise<void> {
  const { taskLabels } = tx.tables
  await tx.deleteMany(taskLabels, { taskId })
  await tx.insertMany(
    taskLabels,
    labels.map(({ id: labelId }) => ({ labelId, taskId })),
  )
}

/** Replaces the labels of a task; returns how it keeps their names. Throws InvalidInput, TooManyLabels. */
export async function relabel(change: Change, taskId: number, names: readonly string[]) {
  const { found, labels } = await labelsFor(change, names)
  await setLabels(change, taskId, found)
  return { labels }
}

/** Whether a task has exactly the labels of these names, in this order. */
export function hasLabels(task: TaskRow, names: readonly string[]): boolean {
  const keys = [...new Set(names.map(nameKeyOf))]
  return keys.join() === labelNamesOf(task).map(nameKeyOf).join()
}
