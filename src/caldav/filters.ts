/** The filters of calendar-query (RFC 4791, sections 7.8 and 9.7). */
import ICAL from 'ical.js'
import { cal, childOf, childrenOf, type XmlNode } from './xml.ts'

export type Filter = (text: string) => boolean

/** undefined: every VTODO meets it. */
export function filterIn(query: XmlNode): Filter | undefined {
  const ofCalendar = childOf(childOf(query, cal, 'filter'), cal, 'comp-filter')
  if (ofCalendar === undefined || isTrivial(ofCalendar)) return undefined
  return (text) => {
    const calendar = new ICAL.Component(ICAL.parse(text) as never)
    return nameIn(ofCalendar) === 'vcalendar' && meetsComponent(ofCalendar, calendar)
  }
}

/** What every program asks first: all VTODOs of the calendar. */
function isTrivial(ofCalendar: XmlNode): boolean {
  const [only, ...others] = ofCalendar.children
  if (nameIn(ofCalendar) !== 'vcalendar' || others.length > 0) return false
  if (only === undefined) return true
  return only.namespace === cal && only.name === 'comp-filter' && nameIn(only) === 'vtodo' && only.children.length === 0
}

const nameIn = ({ attributes }: XmlNode) => (attributes.name ?? '').toLowerCase()

function meetsComponent(filter: XmlNode, component: ICAL.Component): boolean {
  const range = childOf(filter, cal, 'time-range')
  if (range !== undefined && !isWithin(component, range)) return false
  return (
    childrenOf(filter, cal, 'prop-filter').every((each) => meetsProperty(each, component)) &&
    childrenOf(filter, cal, 'comp-filter').every((each) => {
      const components = component.getAllSubcomponents(nameIn(each))
      if (childOf(each, cal, 'is-not-defined')) return components.length === 0
      return components.some((component) => meetsComponent(each, component))
    })
  )
}

function meetsProperty(filter: XmlNode, component: ICAL.Component): boolean {
  const properties = component.getAllProperties(nameIn(filter))
  if (childOf(filter, cal, 'is-not-defined')) return properties.length === 0
  return properties.some((property) => {
    const range = childOf(filter, cal, 'time-range')
    if (range !== undefined && !isInRange(property.getFirstValue(), range)) return false
    const match = childOf(filter, cal, 'text-match')
    if (match !== undefined && !isMatch(match, property.getValues().map(String))) return false
    return childrenOf(filter, cal, 'param-filter').every((each) => {
      const value = property.getFirstParameter(nameIn(each))
      if (childOf(each, cal, 'is-not-defined')) return !value
      const match = childOf(each, cal, 'text-match')
      return Boolean(value) && (match === undefined || isMatch(match, [String(value)]))
    })
  })
}

function isMatch(match: XmlNode, values: readonly string[]): boolean {
  const isOctets = match.attributes.collation === 'i;octet'
  const fold = (text: string) => (isOctets ? text : text.toLowerCase())
  const has = values.some((value) => fold(value).includes(fold(match.text)))
  return match.attributes['negate-condition'] === 'yes' ? !has : has
}

/** `20261201T000000Z`. */
const instantIn = (text: string | undefined): number | undefined => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '')
  return match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`) : undefined
}

const boundsOf = ({ attributes }: XmlNode): [start: number, end: number] => [
  instantIn(attributes.start) ?? Number.NEGATIVE_INFINITY,
  instantIn(attributes.end) ?? Number.POSITIVE_INFINITY,
]

const timeOf = (value: unknown): number | undefined =>
  value instanceof ICAL.Time ? value.toJSDate().getTime() : undefined

function isInRange(value: unknown, range: XmlNode): boolean {
  const [start, end] = boundsOf(range)
  const at = timeOf(value)
  return at !== undefined && at >= start && at < end
}

/** RFC 4791, section 9.9, for a VTODO. One that recurs goes on: it is within whatever ends after it begins. */
function isWithin(todo: ICAL.Component, range: XmlNode): boolean {
  if (todo.name !== 'vtodo') return true
  const [start, end] = boundsOf(range)
  const [begin, due, completed, created] = ['dtstart', 'due', 'completed', 'created'].map((name) =>
    timeOf(todo.getFirstPropertyValue(name)),
  )
  const first = begin ?? due
  if (todo.hasProperty('rrule') && first !== undefined) return end > first
  if (begin !== undefined && due !== undefined) return (start < due || start <= begin) && (end > begin || end >= due)
  if (begin !== undefined) return start <= begin && end > begin
  if (due !== undefined) return start < due && end >= due
  if (completed !== undefined && created !== undefined)
    return (start <= created || start <= completed) && (end >= created || end >= completed)
  if (completed !== undefined) return start <= completed && end >= completed
  return created === undefined || end > created
}
