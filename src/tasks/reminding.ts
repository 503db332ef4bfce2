import { type Static, Type } from '@sinclair/typebox'
import { Temporal } from 'temporal-polyfill'
import type { Change } from '../changes/change.ts'
import { invalidField } from '../http/problems.ts'
import { Timestamp, words } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import { instantOf, noWall, wallOf } from '../values/walls.ts'
import type { TaskRow } from './table.ts'

const maxReminders = 5

const Reminder = Type.Unsafe<{ at?: string; offset?: string; relative_to?: 'due' | 'start' }>({
  ...Type.Object(
    {
      at: Type.Optional(
        Timestamp({ maxLength: 40, description: 'An instant.', examples: ['2026-12-01T08:00:00.000Z'] }),
      ),
      offset: Type.Optional(
        Type.String({
          pattern: '^[-+]?P(?=.)(\\d{1,3}W|(\\d{1,3}D)?(T(?=.)(\\d{1,3}H)?(\\d{1,4}M)?)?)$',
          maxLength: 20,
          description: 'A duration (RFC 5545) before (`-`) or after `due` or `start`. A date begins at midnight.',
          examples: ['-PT30M'],
        }),
      ),
      relative_to: Type.Optional(
        words(['due', 'start'], { description: 'What `offset` counts from.', examples: ['due'] }),
      ),
    },
    {
      additionalProperties: false,
      dependentRequired: { offset: ['relative_to'], relative_to: ['offset'] },
      minProperties: 1,
      not: { type: 'object', properties: { at: {}, offset: {} }, required: ['at', 'offset'] },
      description: 'Either `at`, or `offset` and `relative_to`.',
      examples: [{ offset: '-PT30M', relative_to: 'due' }, { at: '2026-12-01T08:00:00.000Z' }],
    },
  ),
})

export const Reminders = Type.Array(Reminder, {
  maxItems: maxReminders,
  description: `When to be reminded, by mail if the server sends mail: ${maxReminders} times at most. Those that are relative move with \`due\` and \`start\`. The list is replaced as a whole.`,
  examples: [[{ at: '2026-12-01T08:00:00.000Z' }]],
})
export type Reminders = Static<typeof Reminders>

/** How a task keeps what was asked for. */
export function remindersAsKept(reminders: Reminders): string | null {
  const kept = reminders.map(({ at, ...relative }) =>
    at === undefined ? relative : { at: formatTime(Date.parse(at)) },
  )
  return kept.length === 0 ? null : JSON.stringify(kept)
}

export const presentReminders = ({ reminders }: Pick<TaskRow, 'reminders'>): Reminders =>
  reminders === null ? [] : JSON.parse(reminders)

/** Throws InvalidInput for a reminder that is relative to what the task does not have. */
export function checkReminders(task: Pick<TaskRow, 'reminders' | 'dueKey' | 'startKey'>): void {
  for (const [i, { relative_to }] of presentReminders(task).entries()) {
    if (relative_to === 'due' && task.dueKey === noWall) throw invalidField(`/reminders/${i}`, 'needs due')
    if (relative_to === 'start' && task.startKey === null) throw invalidField(`/reminders/${i}`, 'needs start')
  }
}

/** Writes when a task is to be reminded of: what is still to come. */
export async function resetReminders(change: Change, task: TaskRow): Promise<void> {
  const { tx, userId, timezone, now } = change
  await tx.deleteMany(tx.tables.reminders, { taskId: task.id })
  const times = presentReminders(task).map((reminder) => timeOf(reminder, task, timezone))
  const rows = [...new Set(times)]
    .filter((fireAt) => fireAt > now)
    .map((fireAt) => ({ userId, taskId: task.id, fireAt }))
  await tx.insertMany(tx.tables.reminders, rows)
}

function timeOf({ at, offset, relative_to }: Reminders[0], task: TaskRow, timezone: string): number {
  if (at !== undefined) return Date.parse(at)
  const wall = relative_to === 'due' ? wallOf(task.dueKey, task.dueZone) : wallOf(task.startKey!, task.startZone)
  const base = wall.date === undefined ? wall : { datetime: `${wall.date}T00:00:00`, timezone }
  return instantOf(base)! + Temporal.Duration.from(offset!).total({ unit: 'milliseconds', relativeTo: '2026-01-01' })
}
