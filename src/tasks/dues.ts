import { type Static, Type } from '@sinclair/typebox'
import { invalidField } from '../http/problems.ts'
import { instantOf, keyOf, noWall, type Wall, wallOf } from '../values/walls.ts'
import type { TaskRow } from './table.ts'

const day = '[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'

/** When something is: a day, or a wall time in a zone. One shape, so that what was read can be sent back. */
const Moment = (description: string) =>
  Type.Unsafe<{ date?: string; datetime?: string; timezone?: string } | null>({
    ...Type.Object(
      {
        date: Type.Optional(
          Type.String({
            format: 'date',
            pattern: `^${day}$`,
            maxLength: 10,
            description: 'A day, whatever the time zone, in the years 1000 to 2999.',
            examples: ['2026-12-01'],
          }),
        ),
        datetime: Type.Optional(
          Type.String({
            format: 'local-date-time',
            pattern: `^${day}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$`,
            maxLength: 19,
            description: 'What the clock on the wall shows then, in the years 1000 to 2999.',
            examples: ['2026-12-01T09:00:00'],
          }),
        ),
        timezone: Type.Optional(
          Type.String({
            format: 'iana-timezone',
            maxLength: 64,
            description:
              'The time zone of the clock: a name from the IANA database. The default is that of the account.',
            examples: ['Europe/Berlin'],
          }),
        ),
      },
      {
        additionalProperties: false,
        minProperties: 1,
        dependentRequired: { timezone: ['datetime'] },
        not: { type: 'object', properties: { date: {}, datetime: {} }, required: ['date', 'datetime'] },
        description,
        examples: [
          { date: '2026-12-01' },
          { datetime: '2026-12-01T09:00:00', timezone: 'Europe/Berlin' },
          { datetime: '2026-12-01T09:00:00' },
        ],
      },
    ),
    type: ['object', 'null'],
  })

export const Due = Moment(
  'When the task is due: `{"date": …}`, `{"datetime": …, "timezone": …}`, or null. It is replaced as a whole.',
)
export const Start = Moment('When work on the task can start: like `due`, of the same kind, and not after it.')
export type Due = Static<typeof Due>

type Dates = Pick<TaskRow, 'dueKey' | 'dueZone' | 'dueAt' | 'startKey' | 'startZone'>

/** How the dates of a request are kept; those that it does not name are not there. */
export function datesIn({ due, start }: { due?: Due; start?: Due }, timezone: string): Partial<Dates> {
  return { ...(due !== undefined && dueOf(due, timezone)), ...(start !== undefined && startOf(start, timezone)) }
}

function dueOf(due: Due, timezone: string): Pick<Dates, 'dueKey' | 'dueZone' | 'dueAt'> {
  const wall = wallIn(due, timezone)
  if (wall === null) return { dueKey: noWall, dueZone: null, dueAt: null }
  return { dueKey: keyOf(wall), dueZone: wall.timezone ?? null, dueAt: instantOf(wall) ?? null }
}

function startOf(start: Due, timezone: string): Pick<Dates, 'startKey' | 'startZone'> {
  const wall = wallIn(start, timezone)
  return wall === null
    ? { startKey: null, startZone: null }
    : { startKey: keyOf(wall), startZone: wall.timezone ?? null }
}

function wallIn(moment: Due, timezone: string): Wall | null {
  if (moment === null) return null
  if (moment.date !== undefined) return { date: moment.date }
  return { datetime: moment.datetime!, timezone: moment.timezone ?? timezone }
}

/** Throws InvalidInput for a start that is of another kind than the due, or after it. */
export function checkDates({ dueKey, dueZone, dueAt, startKey, startZone }: Dates): void {
  if (startKey === null || dueKey === noWall) return
  const start = wallOf(startKey, startZone)
  if ((start.date === undefined) !== (dueZone !== null)) {
    throw invalidField('/start', 'must be of the same kind as due: both dates, or both datetimes')
  }
  const isAfter = dueAt === null ? startKey > dueKey : instantOf(start)! > dueAt
  if (isAfter) throw invalidField('/start', 'must not be after due')
}

export const presentDue = (key: string, zone: string | null): Due => (key === noWall ? null : wallOf(key, zone))
export const presentStart = (key: string | null, zone: string | null): Due => (key === null ? null : wallOf(key, zone))
