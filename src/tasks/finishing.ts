import type { Change } from '../changes/change.ts'
import { forgetCompletion, lookUpLatest, recordCompletions } from '../completions/store.ts'
import type { CompletionRow } from '../completions/table.ts'
import { lookUpProject } from '../projects/store.ts'
import { nextOccurrence } from '../values/recurrence.ts'
import { instantOf, keyOf, shiftKey, wallOf, wallTimeAt } from '../values/walls.ts'
import { resetReminders } from './reminding.ts'
import { seriesOf } from './repeating.ts'
import { putOnShelves, shelfOf } from './shelves.ts'
import type { TaskRow } from './table.ts'
import { treeOf } from './trees.ts'

const openProject = { archivedAt: null, deletedAt: null }

/** What follows from a status. A task of an archived project stays where it is listed. */
export function statusOf(task: TaskRow, status: TaskRow['status'] | undefined, now: number): Partial<TaskRow> {
  if (status === undefined || status === task.status) return {}
  const completedAt = status === 'completed' ? now : null
  return { status, completedAt, ...(task.hidden === 0 && shelfOf({ status, deletedAt: null }, openProject)) }
}

/** Completes a task that is not: it is done, or if it recurs, due again. */
export async function finish(change: Change, task: TaskRow, completedAt: number): Promise<TaskRow> {
  if (task.rrule !== null) return advance(change, task, completedAt, 'completed')
  await recordCompletions(change, [doneOf(task, completedAt)])
  return write(change, task, { ...statusOf(task, 'completed', completedAt) })
}

/** What the ledger says of a task that is completed. */
export const doneOf = (
  task: TaskRow,
  completedAt: number,
  outcome: CompletionRow['outcome'] = 'completed',
  missed = 0,
) => ({
  taskId: task.id,
  dueKey: task.occurrenceKey ?? task.dueKey,
  dueZone: task.dueZone,
  completedAt,
  outcome,
  missed,
  former: JSON.stringify(formerOf(task)),
})

/** What undoing brings back. */
const formerOf = ({ status, dueKey, dueZone, dueAt, startKey, anchorKey, occurrenceKey, occurrence }: TaskRow) => ({
  status,
  dueKey,
  dueZone,
  dueAt,
  startKey,
  anchorKey,
  occurrenceKey,
  occurrence,
})
type Former = ReturnType<typeof formerOf>

/** Moves a task that recurs to its next occurrence; without one, it is done. */
export async function advance(
  change: Change,
  task: TaskRow,
  at: number,
  outcome: CompletionRow['outcome'],
): Promise<TaskRow> {
  const next = nextOf(change, task, at, outcome)
  await recordCompletions(change, [doneOf(task, at, outcome, next?.missed ?? 0)])
  if (next === undefined) return write(change, task, { ...statusOf(task, 'completed', at) })
  const { key, anchor, occurrence } = next
  const wall = wallOf(key, task.dueZone)
  const moved = await write(change, task, {
    ...statusOf(task, 'pending', at),
    completedAt: null,
    dueKey: key,
    dueAt: instantOf(wall) ?? null,
    startKey: task.startKey === null ? null : shiftKey(task.startKey, task.dueKey, key),
    anchorKey: anchor,
    occurrenceKey: key,
    occurrence,
  })
  await reopenSubtasks(change, task)
  await resetReminders(change, moved)
  return moved
}

function nextOf({ timezone, now }: Change, task: TaskRow, at: number, outcome: CompletionRow['outcome']) {
  const series = seriesOf(task)
  const { count } = series.rule
  const zone = task.dueZone ?? timezone
  const isDay = task.dueKey.endsWith('T24')
  const wallNow = wallTimeAt(now, zone)
  const yesterday = keyOf({ date: dayBefore(wallNow.slice(0, 10)) })
  // A time that is over is now or before; a date, the day before.
  const over = isDay ? yesterday : wallNow

  if (task.repeatFrom === 'completion') {
    const time = task.anchorKey!.slice(10)
    const day = wallTimeAt(outcome === 'skipped' ? now : at, zone).slice(0, 10)
    const anchor = day + time
    const next = nextOccurrence({ ...series, anchor, current: anchor }, over)
    const occurrence = task.occurrence! + (outcome === 'completed' ? 1 : 0)
    if (next === undefined || (count !== undefined && occurrence > count)) return undefined
    return { key: next.key, missed: 0, anchor, occurrence }
  }
  // One that was postponed goes on after today, or it would be due again on the day on which it was done.
  const isPostponed = task.dueKey !== task.occurrenceKey
  const next = nextOccurrence(series, isPostponed ? `${wallNow.slice(0, 10)}${isDay ? 'T24' : 'T23:59:59'}` : over)
  if (next === undefined) return undefined
  const occurrence = task.occurrence! + next.missed + 1
  return count !== undefined && occurrence > count ? undefined : { ...next, anchor: task.anchorKey!, occurrence }
}

const dayBefore = (date: string) => new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)

/** Subtasks that are done belong to the next time, too; those that recur have times of their own. */
async function reopenSubtasks(change: Change, task: TaskRow): Promise<void> {
  const { tx, userId } = change
  const below = (await treeOf(tx, userId, task.id)).filter(({ id }) => id !== task.id)
  const done = below.filter(
    ({ status, rrule, deletedAt }) => status === 'completed' && rrule === null && deletedAt === null,
  )
  if (done.length === 0) return
  const project = (await lookUpProject(tx, userId, task.projectId))!
  await putOnShelves(change, done, project, { status: 'pending', completedAt: null })
}

/** A task that is no longer completed was not done. */
export async function forgetLatest(change: Change, taskId: number): Promise<void> {
  const latest = await lookUpLatest(change.tx, change.userId, taskId)
  if (latest !== undefined) await forgetCompletion(change, latest.id)
}

/** Puts a task back to what it was before. */
export async function undo(change: Change, task: TaskRow, { id, former }: CompletionRow): Promise<TaskRow> {
  await forgetCompletion(change, id)
  const { status, ...before }: Former = former === null ? { ...formerOf(task), status: 'pending' } : JSON.parse(former)
  const isRecurring = task.rrule !== null && before.occurrenceKey !== null
  const undone = await write(change, task, { ...statusOf(task, status, change.now), ...(isRecurring && before) })
  await resetReminders(change, undone)
  return undone
}

const write = async ({ tx, userId, seq, now }: Change, { id }: TaskRow, changes: Partial<TaskRow>): Promise<TaskRow> =>
  (await tx.updateOne(tx.tables.tasks, { id, userId }, { ...changes, updatedAt: now, changeSeq: seq }))!
