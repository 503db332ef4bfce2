/** What the addresses below /dav name, and what can be read of it. */
import type { FastifyRequest } from 'fastify'
import type { Database } from '../database/database.ts'
import { ProjectNotFound } from '../projects/problems.ts'
import { isSegment } from '../tasks/objects.ts'
import { TaskNotFound } from '../tasks/problems.ts'
import type { TaskRow } from '../tasks/table.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { type DavList, listAt, listsOf, propertiesOf, propertyKey, rgbOf } from './lists.ts'
import { type DavObject, findObjects, maxObjectBytes, textOf } from './objects.ts'
import { apple, cal, calendarServer, dav, element, escapeXml, type XmlNode } from './xml.ts'

/** Who asks, and how addresses begin for them. */
export interface Asker {
  readonly db: Database
  readonly user: AuthenticatedUser
  /** What a proxy puts before the paths. */
  readonly prefix: string
  readonly canWrite: boolean
}

export type Resource =
  | { readonly kind: 'root' }
  | { readonly kind: 'home' }
  | { readonly kind: 'list'; readonly segment: string; readonly list: DavList | undefined }
  | {
      readonly kind: 'task'
      readonly list: DavList | undefined
      readonly name: string
      readonly object: DavObject | undefined
    }

export function askerOf(request: FastifyRequest, db: Database): Asker {
  const root = request.linkTo('/dav/')
  // Addresses must be absolute paths here (RFC 4918, section 8.3), which behind a proxy that says nothing are ours.
  const path = /^https?:/.test(root) ? new URL(root).pathname : root.startsWith('/') ? root : '/dav/'
  const { user, scopes } = request
  return { db, user, prefix: path.slice(0, -'/dav/'.length), canWrite: scopes?.includes('tasks:write') ?? true }
}

export const rootHref = ({ prefix }: Asker) => `${prefix}/dav/`
export const homeHref = ({ prefix, user }: Asker) => `${prefix}/dav/${user.id}/`
export const listHref = (asker: Asker, segment: string) => `${homeHref(asker)}${encodeURIComponent(segment)}/`
export const objectHref = (asker: Asker, segment: string, name: string) =>
  `${listHref(asker, segment)}${encodeURIComponent(name)}`

/** The parts of a path below /dav; undefined for a path that is none of ours or has a part that is no name. */
export function partsOf(path: string): string[] | undefined {
  if (path !== '/dav' && !path.startsWith('/dav/')) return undefined
  try {
    const parts = path.slice('/dav/'.length).split('/').map(decodeURIComponent)
    if (parts.at(-1) === '') parts.pop()
    return parts.length <= 3 && parts.every(isSegment) ? parts : undefined
  } catch {
    return undefined
  }
}

/** Throws ProjectNotFound for what is not there, or is somebody else's. */
export async function resourceAt({ db, user }: Asker, path: string): Promise<Resource> {
  if (path === '/') return { kind: 'root' }
  const [owner, segment, name] = partsOf(path) ?? ['nobody']
  if (owner === undefined) return { kind: 'root' }
  if (owner !== String(user.id)) throw new ProjectNotFound()
  if (segment === undefined) return { kind: 'home' }
  const list = listAt(await listsOf(db, user.id), segment)
  if (name === undefined) return { kind: 'list', segment, list }
  const object = list && (await findObjects(db, user.id, list.project.id, [name])).get(name)
  return { kind: 'task', list, name, object }
}

/** A resource that is there. */
export type Found =
  | { readonly kind: 'root' | 'home' }
  | { readonly kind: 'list'; readonly list: DavList }
  | { readonly kind: 'task'; readonly list: DavList; readonly object: DavObject }

/** Throws ProjectNotFound, TaskNotFound. */
export function found(resource: Resource): Found {
  if (resource.kind === 'root' || resource.kind === 'home') return { kind: resource.kind }
  const { list } = resource
  if (list === undefined) throw new ProjectNotFound()
  if (resource.kind === 'list') return { kind: 'list', list }
  if (resource.object === undefined) throw new TaskNotFound()
  return { kind: 'task', list, object: resource.object }
}

export const etagOf = (
  { feedEpoch }: Pick<AuthenticatedUser, 'feedEpoch'>,
  { changeSeq }: Pick<TaskRow, 'changeSeq'>,
) => `"${feedEpoch.toString(36)}-${changeSeq.toString(36)}-ics"`

/** RFC 6578: an absolute URI, of which only this server knows what it says. */
export const syncTokenOf = (epoch: number, seq: number) => `data:,${epoch}-${seq}`

export const hrefXml = (href: string) => element(dav, 'href', escapeXml(href))

const anything = (namespace: string, names: readonly string[]) => names.map((name) => element(namespace, name))
const privileges = (names: readonly string[]) =>
  anything(dav, names)
    .map((each) => element(dav, 'privilege', each))
    .join('')
const readOnly = privileges(['read', 'read-current-user-privilege-set'])
const readWrite = privileges([
  'read',
  'write',
  'write-properties',
  'write-content',
  'bind',
  'unbind',
  'read-current-user-privilege-set',
])
const reports = [element(cal, 'calendar-query'), element(cal, 'calendar-multiget'), element(dav, 'sync-collection')]
  .map((report) => element(dav, 'supported-report', element(dav, 'report', report)))
  .join('')

type Read<F> = (asker: Asker, found: F) => string | undefined
type Properties<F> = Readonly<Record<string, Read<F>>>

const principal: Read<unknown> = (asker) => hrefXml(homeHref(asker))
const common: Properties<unknown> = {
  [propertyKey(dav, 'current-user-principal')]: principal,
  [propertyKey(dav, 'principal-URL')]: principal,
  [propertyKey(dav, 'owner')]: principal,
  [propertyKey(dav, 'principal-collection-set')]: (asker) => hrefXml(rootHref(asker)),
  [propertyKey(cal, 'calendar-home-set')]: principal,
  [propertyKey(cal, 'calendar-user-address-set')]: ({ user }) => hrefXml(`mailto:${user.email}`),
  [propertyKey(dav, 'current-user-privilege-set')]: ({ canWrite }) => (canWrite ? readWrite : readOnly),
}

const collection = element(dav, 'collection')
const ofRoot: Properties<unknown> = {
  ...common,
  [propertyKey(dav, 'resourcetype')]: () => collection,
  [propertyKey(dav, 'displayname')]: () => 'Tasks',
}
const ofHome: Properties<unknown> = {
  ...common,
  [propertyKey(dav, 'resourcetype')]: () => collection + element(dav, 'principal'),
  [propertyKey(dav, 'displayname')]: ({ user }) => escapeXml(user.displayName ?? user.email),
}

const calendarColor = propertyKey(apple, 'calendar-color')
const stateOf = ({ user }: Asker) => `${user.feedEpoch}-${user.feedSeq}`
const ofList: Properties<{ list: DavList }> = {
  ...common,
  [propertyKey(dav, 'resourcetype')]: () => collection + element(cal, 'calendar'),
  [propertyKey(dav, 'displayname')]: (_, { list }) => escapeXml(list.project.name),
  [propertyKey(dav, 'getcontenttype')]: () => 'text/calendar',
  [propertyKey(dav, 'getetag')]: (asker) => escapeXml(`"${stateOf(asker)}"`),
  [propertyKey(calendarServer, 'getctag')]: (asker) => escapeXml(`"${stateOf(asker)}"`),
  [propertyKey(dav, 'sync-token')]: ({ user }) => syncTokenOf(user.feedEpoch, user.feedSeq),
  [propertyKey(dav, 'supported-report-set')]: () => reports,
  [propertyKey(cal, 'supported-calendar-component-set')]: () => element(cal, 'comp', '', ' name="VTODO"'),
  [propertyKey(cal, 'supported-calendar-data')]: () =>
    element(cal, 'calendar-data', '', ' content-type="text/calendar" version="2.0"'),
  [propertyKey(cal, 'max-resource-size')]: () => String(maxObjectBytes),
  [calendarColor]: (_, { list }) => {
    const { color } = list.project
    const said = propertiesOf(list)[calendarColor]
    return said !== undefined && rgbOf(said) === color ? escapeXml(said) : (color ?? undefined)
  },
}

const ofTask: Properties<{ object: DavObject }> = {
  [propertyKey(dav, 'current-user-principal')]: principal,
  [propertyKey(dav, 'owner')]: principal,
  [propertyKey(dav, 'current-user-privilege-set')]: common[propertyKey(dav, 'current-user-privilege-set')]!,
  [propertyKey(dav, 'resourcetype')]: () => '',
  [propertyKey(dav, 'displayname')]: (_, { object }) => escapeXml(object.row.title),
  [propertyKey(dav, 'getetag')]: ({ user }, { object }) => escapeXml(etagOf(user, object.row)),
  [propertyKey(dav, 'getcontenttype')]: () => 'text/calendar; charset=utf-8; component=VTODO',
  [propertyKey(dav, 'getcontentlength')]: (_, { object }) => String(Buffer.byteLength(textOf(object))),
  [propertyKey(dav, 'getlastmodified')]: (_, { object }) => new Date(object.row.updatedAt).toUTCString(),
  [propertyKey(dav, 'creationdate')]: (_, { object }) => new Date(object.row.createdAt).toISOString(),
  [propertyKey(cal, 'calendar-data')]: (_, { object }) => escapeXml(textOf(object)),
}

const tables = { root: ofRoot, home: ofHome, list: ofList, task: ofTask } as Record<Found['kind'], Properties<Found>>

/** Those that `allprop` has: what RFC 4918 defines, and what programs put there. */
const plain = [
  'resourcetype',
  'displayname',
  'getetag',
  'getcontenttype',
  'getcontentlength',
  'getlastmodified',
  'creationdate',
]

/** Whether a program may set a property: those that the server makes are protected. */
export const isProtected = (key: string): boolean =>
  key !== propertyKey(dav, 'displayname') && key !== calendarColor && (key in ofList || key in ofTask)

/** What a body asks for. */
export interface Wanted {
  readonly names: readonly { namespace: string; name: string }[] | 'all' | 'names'
  /** Whether properties that are not there are left out (RFC 8144). */
  readonly isMinimal: boolean
}

export function wantedIn(node: XmlNode | undefined, { headers }: FastifyRequest): Wanted {
  const isMinimal = headers.brief === 't' || /return=minimal/.test(String(headers.prefer ?? ''))
  const prop = node?.children.find(({ namespace, name }) => namespace === dav && name === 'prop')
  if (prop) return { names: prop.children.map(({ namespace, name }) => ({ namespace, name })), isMinimal }
  const isNames = node?.children.some(({ namespace, name }) => namespace === dav && name === 'propname')
  return { names: isNames ? 'names' : 'all', isMinimal }
}

const named = (key: string) => {
  const [, namespace = '', name = ''] = /^\{(.*)\}([^}]*)$/s.exec(key)!
  return { namespace, name }
}

/** What is read of a resource, as the `response` of a multistatus. */
export function responseXml(asker: Asker, resource: Found, { names, isMinimal }: Wanted): string {
  const table = tables[resource.kind]
  const own = resource.kind === 'list' ? propertiesOf(resource.list) : {}
  const readOf = (key: string): string | undefined =>
    table[key] ? table[key](asker, resource) : own[key] === undefined ? undefined : escapeXml(own[key])
  const keys =
    names === 'names'
      ? [...Object.keys(table), ...Object.keys(own)]
      : names === 'all'
        ? [...plain.map((name) => propertyKey(dav, name)).filter((key) => key in table), ...Object.keys(own)]
        : names.map(({ namespace, name }) => propertyKey(namespace, name))
  const there: string[] = []
  const missing: string[] = []
  for (const key of keys) {
    const { namespace, name } = named(key)
    const value = names === 'names' ? '' : readOf(key)
    if (value === undefined) missing.push(element(namespace, name))
    else there.push(element(namespace, name, value))
  }
  const hasThere = there.length > 0 || missing.length === 0 || isMinimal
  return element(
    dav,
    'response',
    [
      hrefXml(hrefOf(asker, resource)),
      hasThere ? propstat(there, '200 OK') : '',
      missing.length > 0 && !isMinimal ? propstat(missing, '404 Not Found') : '',
    ].join(''),
  )
}

export const statusXml = (status: string) => element(dav, 'status', `HTTP/1.1 ${status}`)

export const propstat = (properties: readonly string[], status: string): string =>
  element(dav, 'propstat', element(dav, 'prop', properties.join('')) + statusXml(status))

export const statusResponse = (href: string, status: string, more = ''): string =>
  element(dav, 'response', hrefXml(href) + statusXml(status) + more)

export function hrefOf(asker: Asker, resource: Found): string {
  switch (resource.kind) {
    case 'root':
      return rootHref(asker)
    case 'home':
      return homeHref(asker)
    case 'list':
      return listHref(asker, resource.list.segment)
    case 'task':
      return objectHref(asker, resource.list.segment, resource.object.named.name)
  }
}
