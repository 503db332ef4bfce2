import { type Static, Type } from '@sinclair/typebox'
import { invalidField } from '../http/problems.ts'
import { words } from '../http/schemas.ts'
import { parseRule, type Rule, recurs, type Series } from '../values/recurrence.ts'
import { noWall } from '../values/walls.ts'
import { repeatFroms, type TaskRow } from './table.ts'

export const Recurrence = Type.Unsafe<{ rrule: string; from: (typeof repeatFroms)[number] } | null>({
  ...Type.Object(
    {
      rrule: Type.String({
        minLength: 1,
        maxLength: 500,
        pattern: '^[A-Z0-9=;,+-]+$',
        description:
          'A recurrence rule (RFC 5545, with SKIP of RFC 7529): FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL and COUNT (up to 1000), UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, RSCALE=GREGORIAN and SKIP. It is read on the clock of the wall: 09:00 stays 09:00.',
        examples: ['FREQ=WEEKLY;BYDAY=MO,TH'],
      }),
      from: words(repeatFroms, {
        description:
          'Whether the next occurrence is counted from the date of this one, or from the day on which it is completed.',
        examples: ['due'],
      }),
    },
    {
      additionalProperties: false,
      description:
        'How the task recurs, or null. It needs `due`, which is the first occurrence. When it is completed, `due` moves to the next occurrence, which is never in the past. It is replaced as a whole.',
      examples: [{ rrule: 'FREQ=WEEKLY;BYDAY=MO,TH', from: 'due' }],
    },
  ),
  type: ['object', 'null'],
})
export type Recurrence = Static<typeof Recurrence>

type Repeating = Pick<TaskRow, 'rrule' | 'repeatFrom' | 'anchorKey' | 'occurrenceKey' | 'occurrence'>
type Due = Pick<TaskRow, 'dueKey' | 'dueZone'>

export const once: Repeating = { rrule: null, repeatFrom: null, anchorKey: null, occurrenceKey: null, occurrence: null }

export const presentRecurrence = ({ rrule, repeatFrom }: Repeating): Recurrence =>
  rrule === null ? null : { rrule, from: repeatFrom! }

/** How a new series is kept; it begins with `due`. Throws InvalidInput. */
export function seriesFrom(recurrence: Recurrence, { dueKey, dueZone }: Due): Repeating {
  if (recurrence === null) return once
  const { rrule, from } = recurrence
  const rule = parseRule(rrule)
  if (typeof rule === 'string') throw invalidField('/recurrence/rrule', rule)
  if (dueKey === noWall) throw invalidField('/recurrence', 'needs due, which is the first occurrence')
  if (!recurs({ rule, anchor: dueKey, current: dueKey, timezone: dueZone })) {
    throw invalidField('/recurrence/rrule', 'has no occurrence after due')
  }
  return { rrule, repeatFrom: from, anchorKey: dueKey, occurrenceKey: dueKey, occurrence: 1 }
}

/**
 * What becomes of a series when a request changes `due`, `recurrence` or both: a new recurrence begins a series, and a new
 * `due` alone postpones this occurrence. Throws InvalidInput.
 */
export function repeatingIn(
  task: TaskRow,
  changes: { recurrence?: Recurrence; due?: unknown },
  due: Due,
): Partial<Repeating> {
  const { recurrence } = changes
  if (recurrence === null) return once
  if (recurrence !== undefined) {
    const isSame = recurrence.rrule === task.rrule && recurrence.from === task.repeatFrom && due.dueKey === task.dueKey
    return isSame ? {} : seriesFrom(recurrence, due)
  }
  if (task.rrule === null || changes.due === undefined || due.dueKey === task.dueKey) return {}
  if (due.dueKey === noWall) throw invalidField('/due', 'can be null only with recurrence null: the task recurs')
  const time = due.dueKey.slice(10)
  if ((time === 'T24') === task.dueKey.endsWith('T24')) return {}
  // A date that becomes a time, or the other way round, is so in the whole series.
  return { anchorKey: task.anchorKey!.slice(0, 10) + time, occurrenceKey: task.occurrenceKey!.slice(0, 10) + time }
}

/** The series of a task that recurs. */
export const seriesOf = (task: TaskRow): Series & { rule: Rule } => ({
  rule: parseRule(task.rrule!) as Rule,
  anchor: task.anchorKey!,
  current: task.occurrenceKey!,
  timezone: task.dueZone,
})
