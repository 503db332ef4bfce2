import { type Static, Type } from '@sinclair/typebox'
import type { Change } from '../changes/change.ts'
import { NotLatestCompletion } from '../completions/problems.ts'
import { findCompletion, isDone, lookUpLatest, recordCompletions } from '../completions/store.ts'
import { invalidField } from '../http/problems.ts'
import { Timestamp, words } from '../http/schemas.ts'
import type { Precondition } from '../http/versions.ts'
import { lookUpProject } from '../projects/store.ts'
import { Due as AnyDue, datesIn } from './dues.ts'
import { advance, doneOf, finish, undo } from './finishing.ts'
import { NotRecurring, OccurrenceUnknown } from './problems.ts'
import { putOnShelves } from './shelves.ts'
import { findTask } from './store.ts'
import type { TaskRow } from './table.ts'
import { treeOf } from './trees.ts'

const Due = Type.Unsafe<AnyDue>({
  ...AnyDue,
  description:
    'Which occurrence you mean, by its `due`. If it was completed or skipped before, nothing changes: so a request that is sent twice completes one.',
})
type Due = Static<typeof Due>

export const Completion = Type.Object(
  {
    completed_at: Type.Optional(
      Timestamp({
        maxLength: 40,
        description: 'When it was done, if that was earlier than now.',
        examples: ['2026-01-31T09:00:00.000Z'],
      }),
    ),
    due: Type.Optional(Due),
    subtasks: Type.Optional(
      words(['keep', 'complete'], {
        description: 'Whether its open subtasks are completed, too. They are kept as they are unless you say so.',
        examples: ['keep'],
      }),
    ),
  },
  { $id: 'NewCompletion', additionalProperties: false, description: 'How a task was completed.' },
)
export type Completion = Static<typeof Completion>

export const Skip = Type.Object(
  { due: Type.Optional(Due) },
  {
    $id: 'Skip',
    additionalProperties: false,
    description: 'Which occurrence to skip: the current one, unless you say.',
  },
)
export type Skip = Static<typeof Skip>

/** Clocks differ. */
const skewMs = 5 * 60_000

/**
 * Completes a task; one that is completed stays as it is, and so does one whose occurrence was completed before. One that
 * recurs is due again, or if it has no next occurrence, completed. Throws TaskNotFound, PreconditionFailed, InvalidInput,
 * OccurrenceUnknown.
 */
export async function completeTask(
  change: Change,
  id: number,
  { completed_at, subtasks, due }: Completion,
  requireVersion: Precondition,
): Promise<TaskRow> {
  const { tx, userId, now } = change
  const task = await findTask(tx, userId, id)
  if (await wasDone(change, task, due)) return task
  const below = subtasks === 'complete' ? await treeOf(tx, userId, id) : []
  const open = below.filter((row) => row.id !== id && isOpen(row))
  if (task.status === 'completed' && open.length === 0) return task
  requireVersion(task)
  const completedAt = completed_at === undefined ? now : Date.parse(completed_at)
  if (completedAt > now + skewMs) throw invalidField('/completed_at', 'must not be in the future')
  await finishAll(change, task, open, completedAt)
  return task.status === 'completed' ? task : finish(change, await findTask(tx, userId, id), completedAt)
}

/** Those that recur have their next occurrences, the others are written together. */
async function finishAll(change: Change, task: TaskRow, open: readonly TaskRow[], completedAt: number): Promise<void> {
  for (const row of open.filter(({ rrule }) => rrule !== null)) await finish(change, row, completedAt)
  const plain = open.filter(({ rrule }) => rrule === null)
  if (plain.length === 0) return
  const project = (await lookUpProject(change.tx, change.userId, task.projectId))!
  await recordCompletions(
    change,
    plain.map((row) => doneOf(row, completedAt)),
  )
  await putOnShelves(change, plain, project, { status: 'completed', completedAt })
}

/**
 * Passes over the current occurrence of a task. Throws TaskNotFound, PreconditionFailed, NotRecurring, OccurrenceUnknown.
 */
export async function skipTask(
  change: Change,
  id: number,
  { due }: Skip,
  requireVersion: Precondition,
): Promise<TaskRow> {
  const task = await findTask(change.tx, change.userId, id)
  if (task.rrule === null) throw new NotRecurring()
  if (await wasDone(change, task, due)) return task
  if (task.status === 'completed') return task
  requireVersion(task)
  return advance(change, task, change.now, 'skipped')
}

/** Whether the occurrence that a request means is in the ledger. Throws OccurrenceUnknown. */
async function wasDone({ tx, userId, timezone }: Change, task: TaskRow, due: Due | undefined): Promise<boolean> {
  if (due == null) return false
  const { dueKey } = datesIn({ due }, timezone)
  if (dueKey === task.dueKey || dueKey === task.occurrenceKey) return false
  if (await isDone(tx, userId, task.id, dueKey!)) return true
  throw new OccurrenceUnknown()
}

/** Undoes what was done last with a task. Throws TaskNotFound, CompletionNotFound, NotLatestCompletion, PreconditionFailed. */
export async function undoCompletion(
  change: Change,
  taskId: number,
  id: number,
  requireVersion: Precondition,
): Promise<void> {
  const { tx, userId } = change
  const task = await findTask(tx, userId, taskId)
  const completion = await findCompletion(tx, userId, taskId, id)
  requireVersion(task)
  if ((await lookUpLatest(tx, userId, taskId))!.id !== id) throw new NotLatestCompletion()
  await undo(change, task, completion)
}

/** Also in an archived project, whose tasks are all on one shelf. */
const isOpen = ({ status, deletedAt }: TaskRow) =>
  deletedAt === null && (status === 'pending' || status === 'in_progress')
