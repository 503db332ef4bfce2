/** What a clock and a calendar on the wall show: a date, or a date and time in a time zone. */
import { Temporal } from 'temporal-polyfill'

/** A day, or a wall time in a zone of the IANA database. */
export type Wall =
  | { readonly date: string; readonly datetime?: never; readonly timezone?: never }
  | { readonly datetime: string; readonly timezone: string; readonly date?: never }

/** Sorts after every wall time: no date. */
export const noWall = '~'

/** An hour that no clock shows, so that a day sorts after its times. */
const wholeDay = 'T24'

/** Wall times sort as they follow one another, and a day after its times. */
export const keyOf = (wall: Wall): string => wall.datetime ?? `${wall.date}${wholeDay}`

export const wallOf = (key: string, timezone: string | null): Wall =>
  key.endsWith(wholeDay) ? { date: key.slice(0, 10) } : { datetime: key, timezone: timezone! }

/**
 * The instant of a wall time; undefined for a day. One that a change of the clocks skips is taken as long after the
 * change as it says, and the first of two that a clock shows twice (RFC 5545, section 3.3.5).
 */
export function instantOf({ datetime, timezone }: Wall): number | undefined {
  if (datetime === undefined) return undefined
  return Temporal.PlainDateTime.from(datetime).toZonedDateTime(timezone!).epochMilliseconds
}

/** The wall time in a zone at an instant, as in a key: `2026-12-01T09:00:00`. */
export const wallTimeAt = (ms: number, timezone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(ms)
    .toZonedDateTimeISO(timezone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'second', roundingMode: 'floor' })

/** Whether a text that looks like a date is a day of the calendar. */
export function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

/** The day so many days later. */
export const dayAfter = (date: string, days: number): string => Temporal.PlainDate.from(date).add({ days }).toString()

/** A key moved as far as another one was, on the wall. */
export function shiftKey(key: string, from: string, to: string): string {
  const dateTimeOf = (each: string) => Temporal.PlainDateTime.from(each.replace(wholeDay, 'T00:00:00'))
  const moved = dateTimeOf(key).add(dateTimeOf(from).until(dateTimeOf(to), { largestUnit: 'days' }))
  return key.endsWith(wholeDay)
    ? keyOf({ date: moved.toPlainDate().toString() })
    : moved.toString({ smallestUnit: 'second' })
}
