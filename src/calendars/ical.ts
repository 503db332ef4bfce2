/** Tasks as VTODOs (RFC 5545). What a file said of a task is kept: only what differs from the task is written anew. */
import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import { presentReminders, type Reminders } from '../tasks/reminding.ts'
import type { NewTask } from '../tasks/schemas.ts'
import { labelNamesOf } from '../tasks/schemas.ts'
import { priorities, type TaskRow } from '../tasks/table.ts'
import { isTimezone } from '../values/timezones.ts'
import { instantOf, keyOf, noWall, type Wall, wallOf, wallTimeAt } from '../values/walls.ts'

const statuses = {
  pending: 'NEEDS-ACTION',
  in_progress: 'IN-PROCESS',
  completed: 'COMPLETED',
  cancelled: 'CANCELLED',
} as const
const priorityNumbers = { urgent: 1, high: 3, medium: 5, low: 9, none: 0 } as const

export const crlf = '\r\n'

export const calendarHead = (name: string) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Task Management API//EN',
    'METHOD:PUBLISH',
    `NAME:${escapeText(name)}`,
    `X-WR-CALNAME:${escapeText(name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    '',
  ].join(crlf)
export const calendarFoot = `END:VCALENDAR${crlf}`

const escapeText = (text: string) => text.replaceAll(/[\\;,]/g, '\\$&').replaceAll(/\r?\n/g, '\\n')

export interface Named {
  readonly uid: string
  readonly parentUid: string | undefined
  /** The last part of its address in CalDAV. */
  readonly name: string
  /** What a file or a program said, and the number of the write after which that is just what the task is. */
  readonly source: string | null
  readonly sourceSeq: number | null
}

/** A task as the text of a VTODO. */
export function vtodoOf(task: TaskRow, { uid, parentUid, source }: Named): string {
  const todo = source === null ? new ICAL.Component('vtodo') : componentIn(source)
  const known = source === null ? undefined : readVtodo(source)
  const isSaid = (name: keyof NewTask, value: unknown) =>
    JSON.stringify(known?.task[name] ?? null) === JSON.stringify(value ?? null)
  const put = (name: string, value: unknown) => {
    todo.removeAllProperties(name)
    if (value !== null && value !== undefined) todo.addPropertyWithValue(name, value as never)
  }

  put('uid', uid)
  put('dtstamp', utc(task.updatedAt))
  if (!todo.hasProperty('created')) put('created', utc(task.createdAt))
  put('last-modified', utc(task.updatedAt))
  if (!isSaid('title', task.title)) put('summary', task.title)
  if (!isSaid('description', task.description)) put('description', task.description)
  if (!isSaid('status', task.status)) {
    put('status', statuses[task.status])
    if (known !== undefined) put('percent-complete', task.status === 'completed' ? 100 : null)
  }
  const priority = priorities[task.priorityRank]!
  if (!isSaid('priority', priority)) put('priority', priorityNumbers[priority] || null)
  const secondOf = (ms: number | null | undefined) => ms && Math.floor(ms / 1000)
  if ((secondOf(known?.completedAt) ?? null) !== secondOf(task.completedAt))
    put('completed', task.completedAt === null ? null : utc(task.completedAt))
  const due = task.dueKey === noWall ? null : wallOf(task.dueKey, task.dueZone)
  if (!isSaid('due', due)) {
    todo.removeAllProperties('duration')
    putWall(todo, 'due', due)
  }
  const start = task.startKey === null ? null : wallOf(task.startKey, task.startZone)
  if (!isSaid('start', start)) putWall(todo, 'dtstart', start)
  // A rule begins with DTSTART (RFC 5545, section 3.8.5.3).
  if (task.rrule !== null && !todo.hasProperty('dtstart')) putWall(todo, 'dtstart', due)
  const labels = labelNamesOf(task)
  if (!isSaid('labels', labels.length > 0 ? labels : null)) {
    todo.removeAllProperties('categories')
    if (labels.length > 0) {
      const categories = new ICAL.Property('categories', todo)
      categories.setValues(labels)
      todo.addProperty(categories)
    }
  }
  putParent(todo, parentUid)
  if (!isSaid('estimated_minutes', task.estimatedMinutes)) {
    put('estimated-duration', null)
    if (task.estimatedMinutes !== null) {
      const duration = new ICAL.Property('estimated-duration', todo)
      duration.resetType('duration')
      duration.setValue(ICAL.Duration.fromSeconds(task.estimatedMinutes * 60))
      todo.addProperty(duration)
    }
  }
  todo.removeAllProperties('rrule')
  if (source === null) addAlarms(todo, task)
  // The library would leave RSCALE and SKIP out of the rule.
  const text = todo.toString()
  return task.rrule === null ? text : text.replace(/END:VTODO$/, `RRULE:${ruleNow(task)}${crlf}END:VTODO`)
}

/** COUNT is what is left. */
const ruleNow = ({ rrule, occurrence }: TaskRow): string =>
  rrule!.replace(/COUNT=(\d+)/, (_, count: string) => `COUNT=${Math.max(1, Number(count) - occurrence! + 1)}`)

/** A task with a date as an event, for calendars that show no to-dos. */
export function veventOf(task: TaskRow, uid: string): string {
  const event = new ICAL.Component('vevent')
  const due = wallOf(task.dueKey, task.dueZone)
  event.addPropertyWithValue('uid', `${uid}#event`)
  event.addPropertyWithValue('dtstamp', utc(task.updatedAt) as never)
  event.addPropertyWithValue('summary', task.title)
  if (task.description !== null) event.addPropertyWithValue('description', task.description)
  putWall(event, 'dtstart', due)
  event.addPropertyWithValue('transp', 'TRANSPARENT')
  return event.toString()
}

function putParent(todo: ICAL.Component, parentUid: string | undefined): void {
  const isParent = (property: ICAL.Property) =>
    (property.getFirstParameter('reltype') || 'PARENT').toUpperCase() === 'PARENT'
  for (const property of todo.getAllProperties('related-to')) if (isParent(property)) todo.removeProperty(property)
  if (parentUid === undefined) return
  const related = new ICAL.Property('related-to', todo)
  related.setParameter('reltype', 'PARENT')
  related.setValue(parentUid)
  todo.addProperty(related)
}

function addAlarms(todo: ICAL.Component, task: TaskRow): void {
  for (const { at, offset, relative_to } of presentReminders(task)) {
    const alarm = new ICAL.Component('valarm')
    alarm.addPropertyWithValue('action', 'DISPLAY')
    alarm.addPropertyWithValue('description', task.title)
    const trigger = new ICAL.Property('trigger', alarm)
    if (at === undefined) {
      trigger.setParameter('related', relative_to === 'due' ? 'END' : 'START')
      trigger.resetType('duration')
      trigger.setValue(ICAL.Duration.fromString(offset!))
    } else {
      trigger.resetType('date-time')
      trigger.setValue(utc(Date.parse(at)))
    }
    alarm.addProperty(trigger)
    todo.addSubcomponent(alarm)
  }
}

const utc = (ms: number) => ICAL.Time.fromDateTimeString(new Date(ms).toISOString().replace(/\.\d+Z/, 'Z'))

/** A date stays a date, and a time is that of its zone: never midnight in UTC. */
function putWall(component: ICAL.Component, name: string, wall: Wall | null): void {
  component.removeAllProperties(name)
  if (wall === null) return
  const property = new ICAL.Property(name, component)
  if (wall.date !== undefined) {
    property.resetType('date')
    property.setValue(ICAL.Time.fromDateString(wall.date))
  } else {
    const isUtc = wall.timezone === 'UTC'
    if (!isUtc) property.setParameter('tzid', wall.timezone)
    property.setValue(ICAL.Time.fromDateTimeString(`${wall.datetime}${isUtc ? 'Z' : ''}`))
  }
  component.addProperty(property)
}

/** What a VTODO says, as far as a task has a field for it. */
export interface Read {
  readonly uid: string | undefined
  readonly parentUid: string | undefined
  readonly completedAt: number | undefined
  /** Also of a task that is done. */
  readonly rrule: string | undefined
  readonly task: NewTask
}

/** Reads the text of one VTODO. Throws an Error for what is no component. */
export function readVtodo(text: string, timezone?: string): Read {
  const todo = componentIn(text)
  const textOf = (name: string) => todo.getFirstPropertyValue(name)?.toString()
  const status = Object.entries(statuses).find(([, word]) => word === textOf('status')?.toUpperCase())?.[0]
  const isDone =
    textOf('status') === undefined && (todo.hasProperty('completed') || textOf('percent-complete') === '100')
  const [start, due] = [wallIn(todo, 'dtstart', timezone), wallIn(todo, 'due', timezone) ?? endOf(todo, timezone)]
  const rrule = /^RRULE[^:\n]*:(.+?)\r?$/im.exec(unfold(mainVtodo(text)))?.[1]?.toUpperCase()
  const categories = todo.getAllProperties('categories').flatMap((property) => property.getValues().map(String))
  const labels = [...new Set(categories.map((name) => name.replaceAll(',', ' ').trim()).filter((name) => name !== ''))]
  const priority = priorityNamed(Number(textOf('priority') ?? 0))
  const description = textOf('description')
  const completed = todo.getFirstPropertyValue('completed') as ICAL.Time | null
  const duration = todo.getFirstPropertyValue('estimated-duration')
  const minutes =
    duration === null ? undefined : Math.round(ICAL.Duration.fromString(String(duration)).toSeconds() / 60)
  const first = due ?? (rrule === undefined ? undefined : start)
  const isAlike =
    start !== undefined && (first === undefined || (start.date === undefined) === (first.date === undefined))
  const isOpen = status === undefined || status === 'pending' || status === 'in_progress'
  return {
    uid: textOf('uid'),
    parentUid: todo
      .getAllProperties('related-to')
      .find((property) => (property.getFirstParameter('reltype') || 'PARENT').toUpperCase() === 'PARENT')
      ?.getFirstValue()
      ?.toString(),
    completedAt: completed ? completed.toJSDate().getTime() : undefined,
    rrule,
    task: {
      title: textOf('summary')?.trim() || 'Untitled',
      ...(description && { description }),
      ...(status !== undefined && { status: status as 'pending' }),
      ...(isDone && { status: 'completed' as const }),
      ...(priority !== 'none' && { priority }),
      ...(first && { due: first }),
      ...(isAlike && start && { start }),
      ...(labels.length > 0 && { labels }),
      ...(minutes !== undefined && minutes > 0 && { estimated_minutes: minutes }),
      ...(rrule !== undefined && isOpen && { recurrence: { rrule, from: 'due' as const } }),
      ...remindersIn(todo),
    },
  }
}

const priorityNamed = (number: number) =>
  number === 0 ? 'none' : number <= 2 ? 'urgent' : number <= 4 ? 'high' : number <= 6 ? 'medium' : 'low'

function wallIn(todo: ICAL.Component, name: string, timezone = 'UTC'): Wall | undefined {
  const property = todo.getFirstProperty(name)
  const time = property?.getFirstValue() as ICAL.Time | undefined
  if (!property || !time) return undefined
  if (time.isDate) return { date: time.toString() }
  const datetime = time.toString().replace(/Z$/, '')
  if (time.zone?.tzid === 'UTC' || time.toString().endsWith('Z')) return { datetime, timezone: 'UTC' }
  const tzid = property.getFirstParameter('tzid') as string | undefined
  return { datetime, timezone: tzid === undefined ? timezone : (zoneNamed(tzid) ?? timezone) }
}

/** Some programs put a path before the name of the zone. undefined for a name of their own. */
function zoneNamed(tzid: string): string | undefined {
  const names = [tzid, tzid.split('/').slice(-2).join('/'), tzid.split('/').slice(-3).join('/')]
  return names.find((name) => isTimezone(name))
}

/** DTSTART and DURATION say the same as DUE. */
function endOf(todo: ICAL.Component, timezone: string | undefined): Wall | undefined {
  const [start, duration] = [todo.getFirstPropertyValue('dtstart'), todo.getFirstPropertyValue('duration')]
  if (!start || !duration) return undefined
  const end = (start as ICAL.Time).clone()
  end.addDuration(duration as ICAL.Duration)
  const wall = wallIn(todo, 'dtstart', timezone)!
  return wall.date === undefined
    ? { ...wall, datetime: end.toString().replace(/Z$/, '') }
    : { date: end.toString().slice(0, 10) }
}

function remindersIn(todo: ICAL.Component): Pick<NewTask, 'reminders'> {
  const reminders = todo.getAllSubcomponents('valarm').flatMap((alarm): Reminders => {
    const trigger = alarm.getFirstProperty('trigger')
    const value = trigger?.getFirstValue()
    if (!trigger || !value) return []
    if (trigger.type === 'date-time') return [{ at: (value as ICAL.Time).toJSDate().toISOString() }]
    const isEnd = String(trigger.getFirstParameter('related')).toUpperCase() === 'END'
    const isThere = todo.hasProperty(isEnd ? 'due' : 'dtstart')
    const offset = String(value)
    const isSimple = /^[-+]?P(?=.)(\d{1,3}W|(\d{1,3}D)?(T(?=.)(\d{1,3}H)?(\d{1,4}M)?)?)$/.test(offset)
    return isThere && isSimple ? [{ offset, relative_to: isEnd ? ('due' as const) : ('start' as const) }] : []
  })
  return reminders.length === 0 ? {} : { reminders: reminders.slice(0, 5) }
}

const unfold = (text: string) => text.replaceAll(/\r?\n[ \t]/g, '')

/** The texts of the VTODOs in a file. */
export function vtodosIn(text: string): string[] {
  const lines = text.split(/\r?\n/)
  return placesOf(lines).map(([from, to]) => lines.slice(from, to).join(crlf))
}

/** Where the VTODOs are: the first line, and the one after the last. */
function placesOf(lines: readonly string[]): [from: number, to: number][] {
  const places: [number, number][] = []
  let from: number | undefined
  for (const [i, line] of lines.entries()) {
    if (/^BEGIN:VTODO$/i.test(line)) from = i
    if (from === undefined || !/^END:VTODO$/i.test(line)) continue
    places.push([from, i + 1])
    from = undefined
  }
  return places
}

export const isOverride = (vtodo: string): boolean => /^RECURRENCE-ID[;:]/im.test(vtodo)

export interface DoneOverride {
  /** The occurrence, as programs write it: as a wall time, and as an instant in the zone of the task. */
  readonly keys: readonly string[]
  readonly completedAt: number | undefined
}

/** The occurrences that a text says are done, by a changed copy of the task for each (RECURRENCE-ID). */
export const doneOverridesIn = (text: string, zone: string): DoneOverride[] =>
  vtodosIn(text)
    .filter(isOverride)
    .flatMap((source) => {
      const todo = new ICAL.Component(ICAL.parse(source) as never)
      const id = todo.getFirstPropertyValue('recurrence-id') as ICAL.Time | null
      const { task, completedAt } = readVtodo(source, zone)
      if (id === null || task.status !== 'completed') return []
      const wall = wallIn(todo, 'recurrence-id', zone)!
      const inZone = wall.timezone === 'UTC' ? wallTimeAt(instantOf(wall)!, zone) : undefined
      return [{ keys: [keyOf(wall), ...(inZone === undefined ? [] : [inZone])], completedAt }]
    })

/** The VTODO that is the task itself, in a text that may have changed occurrences of it, too. */
function mainVtodo(text: string): string {
  const todos = vtodosIn(text)
  return todos.find((todo) => !isOverride(todo)) ?? todos[0] ?? text
}

const componentIn = (text: string) => new ICAL.Component(ICAL.parse(mainVtodo(text)) as never)

const isCalendar = (text: string) => /^BEGIN:VCALENDAR/i.test(text.trimStart())

/**
 * A task as a calendar object: byte for byte what a program sent if the task is still that, else that text with what
 * differs written anew. It follows from the row and the text alone, as its ETag does.
 */
export function calendarObjectOf(task: TaskRow, named: Named): string {
  const { source, sourceSeq } = named
  if (source === null || !isCalendar(source)) {
    return [
      `BEGIN:VCALENDAR${crlf}VERSION:2.0${crlf}PRODID:-//Task Management API//EN${crlf}`,
      vtimezones(zonesOf(task), task.updatedAt),
      vtodoOf(task, named) + crlf,
      calendarFoot,
    ].join('')
  }
  if (sourceSeq === task.changeSeq) return source
  const lines = source.split(/\r?\n/)
  const places = placesOf(lines)
  const main = mainVtodo(source)
  const [from, to] = places.find(([from, to]) => lines.slice(from, to).join(crlf) === main)!
  const missing = zonesOf(task).filter((zone) => !lines.includes(`TZID:${zone}`))
  const zones = vtimezones(missing, task.updatedAt).trimEnd()
  return [...lines.slice(0, from), ...(zones === '' ? [] : [zones]), vtodoOf(task, named), ...lines.slice(to)].join(
    crlf,
  )
}

const zonesOf = ({ dueZone, startZone }: TaskRow): string[] => [
  ...new Set([dueZone, startZone].filter((zone) => zone !== null)),
]

/** The rules of time zones, for programs that do not know them by name. */
export function vtimezones(zones: Iterable<string>, now: number): string {
  return [...zones]
    .filter((zone) => zone !== 'UTC')
    .map((zone) => vtimezone(zone, now) + crlf)
    .join('')
}

const yearMs = 366 * 86_400_000

function vtimezone(zone: string, now: number): string {
  const begin = Temporal.Instant.fromEpochMilliseconds(now - 2 * yearMs).toZonedDateTimeISO(zone)
  const changes: Temporal.ZonedDateTime[] = []
  const end = now + 5 * yearMs
  for (
    let next = begin.getTimeZoneTransition('next');
    next && next.epochMilliseconds < end;
    next = next.getTimeZoneTransition('next')
  ) {
    changes.push(next)
  }
  const offset = (zoned: Temporal.ZonedDateTime) => zoned.offset.replace(':', '')
  const observed = (name: string, at: string, from: string, to: string) =>
    [`BEGIN:${name}`, `DTSTART:${at}`, `TZOFFSETFROM:${from}`, `TZOFFSETTO:${to}`, `END:${name}`].join(crlf)
  const parts = changes.map((after) => {
    const before = after.subtract({ nanoseconds: 1 })
    const wallBefore = Temporal.Instant.fromEpochMilliseconds(
      after.epochMilliseconds + before.offsetNanoseconds / 1e6,
    ).toString()
    const isForward = after.offsetNanoseconds > before.offsetNanoseconds
    const start = wallBefore.replaceAll(/[-:]|\.\d+|Z/g, '').slice(0, 15)
    return observed(isForward ? 'DAYLIGHT' : 'STANDARD', start, offset(before), offset(after))
  })
  const first = observed('STANDARD', '19700101T000000', offset(begin), offset(begin))
  return ['BEGIN:VTIMEZONE', `TZID:${zone}`, first, ...parts, 'END:VTIMEZONE'].join(crlf)
}
