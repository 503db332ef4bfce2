/**
 * Recurrence rules (RFC 5545, section 3.3.10; SKIP of RFC 7529) on wall time: the clock of a wall shows 09:00 on each day,
 * whatever the zone does. (In a zone, RFC 5545 drops an occurrence that a change of the clocks skips. What is due at 02:30
 * on that day is still due.)
 */
import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import { instantOf, keyOf, type Wall, wallOf } from './walls.ts'

export interface Rule {
  readonly frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY'
  readonly interval: number
  readonly count: number | undefined
  /** As it is written: a date, a wall time, or an instant. */
  readonly until: string | undefined
  /** The rule without COUNT and UNTIL, which are ours to watch: a thousand occurrences take 50 ms to make. */
  readonly endless: string
  /** Whether it says which days are meant; if not, that of the first one. */
  readonly namesDays: boolean
}

const number = '[1-9]\\d{0,3}'
const parts: Record<string, RegExp> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: new RegExp(`^${number}$`),
  COUNT: new RegExp(`^${number}$`),
  UNTIL: /^\d{8}(T\d{6}Z?)?$/,
  BYDAY: listOf('([-+]?([1-9]|[1-4]\\d|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU)'),
  BYMONTHDAY: listOf('[-+]?([1-9]|[12]\\d|3[01])'),
  BYMONTH: listOf('([1-9]|1[0-2])'),
  BYSETPOS: listOf('[-+]?([1-9]|[1-9]\\d|[12]\\d\\d|3[0-5]\\d|36[0-6])'),
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
  RSCALE: /^GREGORIAN$/,
  SKIP: /^(OMIT|BACKWARD|FORWARD)$/,
}

function listOf(item: string): RegExp {
  return new RegExp(`^${item}(,${item}){0,30}$`)
}

/** The longest interval and count. */
const maxNumber = 1_000

/** A rule, or what is wrong with the text. */
export function parseRule(text: string): Rule | string {
  const values = new Map<string, string>()
  for (const part of text.split(';')) {
    const [name = '', value = ''] = part.split(/=(.*)/s)
    if (!Object.hasOwn(parts, name)) return `has a part that is not known here: ${name.slice(0, 20)}`
    if (values.has(name)) return `has ${name} twice`
    if (!parts[name]!.test(value)) return `has a ${name} that is not allowed`
    values.set(name, value)
  }
  const frequency = values.get('FREQ') as Rule['frequency'] | undefined
  if (frequency === undefined) return 'must have FREQ'
  const has = (name: string) => values.has(name)
  const [interval, count] = [
    Number(values.get('INTERVAL') ?? 1),
    has('COUNT') ? Number(values.get('COUNT')) : undefined,
  ]
  if (Math.max(interval, count ?? 0) > maxNumber) return `can have an INTERVAL and a COUNT of ${maxNumber} at most`
  if (has('COUNT') && has('UNTIL')) return 'cannot have both COUNT and UNTIL'
  const isByMonth = frequency === 'MONTHLY' || frequency === 'YEARLY'
  if (!isByMonth && /\d/.test(values.get('BYDAY') ?? ''))
    return `cannot number the days of BYDAY with FREQ=${frequency}`
  if (frequency === 'WEEKLY' && has('BYMONTHDAY')) return 'cannot have BYMONTHDAY with FREQ=WEEKLY'
  const namesDays = has('BYDAY') || has('BYMONTHDAY')
  if (has('BYSETPOS') && !namesDays && !has('BYMONTH')) return 'can have BYSETPOS only with another BY part'
  if (has('SKIP') && !has('RSCALE')) return 'can have SKIP only with RSCALE=GREGORIAN'
  // The library leaves SKIP out there.
  if (has('SKIP') && values.get('SKIP') !== 'OMIT' && frequency === 'MONTHLY' && has('BYMONTHDAY')) {
    return 'cannot have SKIP with FREQ=MONTHLY and BYMONTHDAY: leave BYMONTHDAY out, and set due to that day'
  }
  const endless = [...values].filter(([name]) => name !== 'COUNT' && name !== 'UNTIL').map((pair) => pair.join('='))
  const until = values.get('UNTIL')
  if (until !== undefined && !isMoment(until)) return 'has an UNTIL that is not in the calendar'
  return { frequency, interval, count, until, endless: endless.join(';'), namesDays }
}

const isMoment = (until: string) => {
  const [, date, time] = /^(\d{8})(?:T(\d{6}))?/.exec(until)!
  const iso = `${date!.slice(0, 4)}-${date!.slice(4, 6)}-${date!.slice(6)}`
  const clock = time === undefined ? '' : `T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`
  return (
    iso > '1000' &&
    !Number.isNaN(Date.parse(`${iso}${clock || 'T00:00:00'}Z`)) &&
    new Date(`${iso}T00:00:00Z`).toISOString().startsWith(iso)
  )
}

/** Where a series is. */
export interface Series {
  readonly rule: Rule
  /** The key of its first occurrence, from which days that the rule does not name are taken. */
  readonly anchor: string
  /** The key of the current occurrence. */
  readonly current: string
  /** The zone of an occurrence with a time. */
  readonly timezone: string | null
}

/** Occurrences that are counted as missed. */
const maxMissed = 500

/**
 * The key of the first occurrence after the current one that `isOver` does not refuse, and how many are passed over;
 * undefined when UNTIL ends the series, or nothing is found within a hundred years.
 */
export function nextOccurrence(series: Series, after: string): { key: string; missed: number } | undefined {
  const recurrence = recurrenceNear(series)
  const found = findAfter(recurrence, later(after, series.current), series.current)
  if (found === undefined || isPastEnd(series, found)) return undefined
  return { key: found, missed: missedBetween(recurrence, series, found) }
}

const later = (a: string, b: string) => (a > b ? a : b)

/** Whether the rule has any occurrence after the first. */
export const recurs = (series: Series): boolean => {
  const found = findAfter(recurrenceNear(series), series.current, series.current)
  return found !== undefined && !isPastEnd(series, found)
}

/** Days are counted at midnight; times as if in UTC, which has no changes of clocks. */
const zonedOf = (key: string) => Temporal.PlainDateTime.from(key.replace('T24', 'T00:00:00')).toZonedDateTime('UTC')

const keyLike = (zoned: Temporal.ZonedDateTime, key: string): string => {
  const wall = zoned.toPlainDateTime()
  return key.endsWith('T24')
    ? keyOf({ date: wall.toPlainDate().toString() })
    : wall.toString({ smallestUnit: 'second' })
}

/** The rule from a start near the current occurrence, with the same days: from one long ago it would take long. */
function recurrenceNear({ rule, anchor, current }: Series): RRuleTemporal {
  return new RRuleTemporal({
    rruleString: rule.endless,
    dtstart: startNear(rule, anchor, current) as never,
    maxIterations: 1_000,
    maxCandidateEvaluations: 20_000,
  })
}

function startNear(rule: Rule, anchor: string, current: string): Temporal.ZonedDateTime {
  if (rule.namesDays || rule.frequency === 'DAILY' || rule.frequency === 'WEEKLY') return zonedOf(current)
  const [first, now] = [zonedOf(anchor), zonedOf(current)]
  const step = rule.interval * (rule.frequency === 'YEARLY' ? 12 : 1)
  const months = (now.year - first.year) * 12 + now.month - first.month
  // The nearest before that has the day: of 29 February it may be eight years back.
  for (let steps = Math.floor(months / step); steps > 0; steps--) {
    const start = first.add({ months: steps * step })
    if (start.day === first.day) return start
  }
  return first
}

function findAfter(recurrence: RRuleTemporal, after: string, like: string): string | undefined {
  try {
    const next = recurrence.next(zonedOf(after) as never)
    return next ? keyLike(next as unknown as Temporal.ZonedDateTime, like) : undefined
  } catch {
    return undefined // nothing within the bounds of the search
  }
}

/** UNTIL includes its moment; a date with a time that is due, the whole day. */
function isPastEnd({ rule: { until }, timezone }: Series, key: string): boolean {
  if (until === undefined) return false
  const date = `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}`
  if (key.endsWith('T24')) return key.slice(0, 10) > date
  if (until.length === 8) return key.slice(0, 10) > date
  const wall = `${date}T${until.slice(9, 11)}:${until.slice(11, 13)}:${until.slice(13, 15)}`
  if (!until.endsWith('Z')) return key > wall
  return instantOf(wallOf(key, timezone) as Wall)! > Date.parse(`${wall}Z`)
}

function missedBetween(recurrence: RRuleTemporal, { rule, current }: Series, next: string): number {
  if (rule.endless === 'FREQ=DAILY' || /^FREQ=DAILY;INTERVAL=\d+$|^INTERVAL=\d+;FREQ=DAILY$/.test(rule.endless)) {
    const days = zonedOf(current).until(zonedOf(next), { largestUnit: 'days' }).days
    return Math.round(days / rule.interval) - 1
  }
  let missed = 0
  try {
    recurrence.all((occurrence) => {
      const key = keyLike(occurrence as unknown as Temporal.ZonedDateTime, current)
      if (key > current && key < next) missed++
      return key < next && missed < maxMissed
    })
  } catch {
    // More than the search may find: those that were counted stand.
  }
  return missed
}
