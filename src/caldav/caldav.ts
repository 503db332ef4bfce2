import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { changing } from '../changes/change.ts'
import {
  InvalidToken,
  MalformedRequest,
  MethodNotAllowed,
  NotAuthenticated,
  PreconditionFailed,
  Problem,
} from '../http/problems.ts'
import { anyVersion, isTagNamed, preconditionOf } from '../http/versions.ts'
import { trashProject } from '../projects/store.ts'
import { isSegment } from '../tasks/objects.ts'
import { validatedTask } from '../tasks/validated.ts'
import { spellingsOf } from '../values/emails.ts'
import type { Scope } from '../values/scopes.ts'
import { changeList, hasRoomFor, listsOf, makeList, nameIn, type PropertyChanges, propertyKey } from './lists.ts'
import { deleteObject, putObject, refusalOf, textOf } from './objects.ts'
import { DavRefusal, finiteDepth, listThere, unsupportedComponent, unsupportedReport } from './problems.ts'
import { contentsXml, multigetXml, queryXml, reportOf, syncXml } from './reports.ts'
import {
  type Asker,
  askerOf,
  etagOf,
  type Found,
  found,
  hrefXml,
  isProtected,
  listHref,
  objectHref,
  propstat,
  type Resource,
  resourceAt,
  responseXml,
  wantedIn,
} from './resources.ts'
import {
  childOf,
  childrenOf,
  dav,
  element,
  errorXml,
  multistatusFoot,
  multistatusHead,
  parseXml,
  type XmlNode,
} from './xml.ts'

/** Class 2 is missing on purpose: there are no locks. */
const features = '1, 3, calendar-access, extended-mkcol'
const allowed = 'OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL'
const methods = ['PROPFIND', 'PROPPATCH', 'REPORT', 'MKCALENDAR', 'MKCOL'] as const
const maxBodyBytes = 1024 * 1024
const calendarType = 'text/calendar; charset=utf-8; component=VTODO'
const basic = { 'www-authenticate': 'Basic realm="Tasks: your email and a personal access token", charset="UTF-8"' }

type Handler = (resource: Resource, asker: Asker, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * CalDAV (RFC 4791) below /dav: projects are lists, tasks are VTODOs. It speaks XML and iCalendar, and takes an email with a
 * personal access token instead of a password.
 */
export const caldav = fp(
  async function caldav(app: FastifyInstance) {
    for (const method of methods) app.addHttpMethod(method, { hasBody: true })
    await app.register(davDoor)
  },
  { name: 'caldav', dependencies: ['authenticate', 'limits', 'sweeps'] },
)

const davDoor: FastifyPluginAsync = async function davDoor(door) {
  const { db, sweeps } = door
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  door.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) => {
    try {
      done(null, utf8.decode(body as Buffer))
    } catch {
      done(new MalformedRequest({ detail: 'The body is not valid UTF-8.' }))
    }
  })
  const answerProblem = door.errorHandler
  door.setErrorHandler((error, request, reply) => {
    if (!(error instanceof DavRefusal)) return answerProblem(error as never, request, reply)
    if (error.status === 405) reply.header('allow', allowed)
    return sendXml(reply, error.status, errorXml(error.condition, error.message))
  })

  /** Email and token, as a password. A program that sends nothing is told what to send. */
  const authenticate = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('dav', features)
    try {
      const { email, token } = credentialsIn(request)
      await door.authenticateToken(token, request)
      if (!spellingsOf(email).includes(request.user.email)) throw new InvalidToken()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      await door.limits.ofStranger(request, reply)
      throw error.kind.status === 401 ? new NotAuthenticated({ headers: basic }) : error
    }
    await door.limits.ofUser(request, reply)
  }

  const on = (method: string, scope: Scope, handler: Handler) => {
    const paths = method === 'PROPFIND' ? ['/', '/dav', '/dav/*'] : ['/dav', '/dav/*']
    for (const url of paths) {
      door.route({
        method,
        url,
        bodyLimit: maxBodyBytes,
        config: { scope },
        schema: { hide: true },
        onRequest: authenticate,
        handler: async (request, reply) => {
          const asker = askerOf(request, db)
          return handler(await resourceAt(asker, pathOf(request)), asker, request, reply)
        },
      })
    }
  }

  const wellKnown = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', ...methods]
  door.route({
    method: wellKnown,
    url: '/.well-known/caldav', // RFC 6764, section 5
    schema: { hide: true, security: [] },
    handler: async (request, reply) => reply.redirect(request.linkTo('/dav/'), 301),
  })
  for (const url of ['/dav', '/dav/*']) {
    door.options(url, { schema: { hide: true, security: [] } }, async (_request, reply) =>
      reply.headers({ dav: features, allow: allowed }).send(),
    )
  }

  on('PROPFIND', 'tasks:read', async (resource, asker, request, reply) => {
    const { depth = 'infinity' } = request.headers
    const here = found(resource)
    if (here.kind !== 'task' && depth !== '0' && depth !== '1') throw finiteDepth()
    const body = bodyOf(request)
    const node = body === '' ? undefined : parseXml(body)
    if (node !== undefined && !(node.namespace === dav && node.name === 'propfind')) {
      throw new MalformedRequest({ detail: 'The body must be a propfind element.' })
    }
    const wanted = wantedIn(node, request)
    return sendMultistatus(reply, async function* () {
      yield responseXml(asker, here, wanted)
      if (depth !== '1') return
      if (here.kind === 'root') yield responseXml(asker, { kind: 'home' }, wanted)
      if (here.kind === 'home') {
        for (const list of await listsOf(db, asker.user.id)) yield responseXml(asker, { kind: 'list', list }, wanted)
      }
      if (here.kind === 'list') yield* contentsXml(asker, here.list, wanted)
    })
  })

  on('REPORT', 'tasks:read', async (resource, asker, request, reply) => {
    const here = found(resource)
    const query = parseXml(bodyOf(request))
    const report = reportOf(query)
    if (here.kind !== 'list' || report === undefined) throw unsupportedReport()
    const wanted = wantedIn(query, request)
    const { list } = here
    if (report === 'query') return sendMultistatus(reply, () => queryXml(asker, list, query, wanted))
    if (report === 'multiget') return sendMultistatus(reply, () => multigetXml(asker, list, query, wanted))
    const changes = await syncXml(asker, list, query, wanted)
    return sendMultistatus(reply, () => changes)
  })

  on('GET', 'tasks:read', async (resource, { user }, request, reply) => {
    const here = found(resource)
    if (here.kind !== 'task') throw new MethodNotAllowed({ headers: { allow: allowed } })
    const etag = etagOf(user, here.object.row)
    reply.headers({ etag, 'last-modified': new Date(here.object.row.updatedAt).toUTCString() })
    if (isTagNamed(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type(calendarType).send(textOf(here.object))
  })

  on('PUT', 'tasks:write', async (resource, asker, request, reply) => {
    if (resource.kind !== 'task') throw new MethodNotAllowed({ headers: { allow: allowed } })
    const { list, name } = resource
    if (list === undefined) return reply.code(409).send()
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
    if (ifNoneMatch !== undefined && resource.object !== undefined) {
      if (isTagNamed(ifNoneMatch, etagOf(asker.user, resource.object.row))) throw new PreconditionFailed()
    }
    const { row, isCreated, isExact } = await changing(db, asker.user, async (change) => {
      try {
        return await putObject(change, {
          list: list.project,
          name,
          text: bodyOf(request).replace(/^\ufeff/, ''),
          isNew: ifNoneMatch?.trim() === '*',
          requireVersion: ifMatch === undefined ? undefined : preconditionOf(request),
          validate: (task) => validatedTask(request, task),
          hrefOf: (other) => objectHref(asker, list.segment, other),
        })
      } catch (error) {
        const isOfInput = error instanceof Problem && error.kind.status === 422
        throw isOfInput ? refusalOf(error) : error
      }
    })
    if (isExact) reply.header('etag', etagOf(asker.user, row))
    return reply.code(isCreated ? 201 : 204).send()
  })

  on('DELETE', 'tasks:write', async (resource, { user }, request, reply) => {
    const here = found(resource)
    if (here.kind === 'task') {
      const { object, list } = here
      await changing(db, user, (change) => deleteObject(change, sweeps, object, list.project, preconditionOf(request)))
    } else if (here.kind === 'list') {
      await changing(db, user, (change) => trashProject(change, sweeps, here.list.project.id, anyVersion))
    } else {
      throw new MethodNotAllowed({ headers: { allow: allowed } })
    }
    return reply.code(204).send()
  })

  on('PROPPATCH', 'tasks:write', async (resource, asker, request, reply) => {
    const here = found(resource)
    const body = parseXml(bodyOf(request))
    const changes = changesIn(body)
    const refused = [...changes.keys()].filter((key) => here.kind !== 'list' || !canSet(here, key, changes))
    const all = [...changes.keys()]
    if (here.kind === 'list' && refused.length === 0 && all.length > 0) {
      await changing(db, asker.user, (change) => changeList(change, here.list, changes))
    }
    const names = (keys: readonly string[]) => keys.map(emptyElement)
    const others = all.filter((key) => !refused.includes(key))
    return sendMultistatus(reply, async function* () {
      yield element(
        dav,
        'response',
        [
          hrefXml(pathOf(request)),
          others.length > 0 ? propstat(names(others), refused.length > 0 ? '424 Failed Dependency' : '200 OK') : '',
          refused.length > 0 ? propstat(names(refused), '403 Forbidden') : '',
        ].join(''),
      )
    })
  })

  const make: Handler = async (resource, asker, request, reply) => {
    if (resource.kind !== 'list') throw new MethodNotAllowed({ headers: { allow: allowed } })
    const { list, segment } = resource
    if (list !== undefined) throw listThere()
    if (!isSegment(segment)) throw new MethodNotAllowed({ headers: { allow: allowed } })
    const body = bodyOf(request)
    const node = body === '' ? undefined : parseXml(body)
    const components = propertiesIn(node).find(({ name }) => name === 'supported-calendar-component-set')
    const isForTodos = components?.children.some(({ attributes }) => attributes.name?.toUpperCase() === 'VTODO') ?? true
    if (!isForTodos) throw unsupportedComponent()
    const changes = new Map([...changesIn(node)].filter(([key]) => !isProtected(key)))
    await changing(db, asker.user, (change) => makeList(change, segment, changes))
    return reply.code(201).header('location', listHref(asker, segment)).send()
  }
  on('MKCALENDAR', 'tasks:write', make)
  on('MKCOL', 'tasks:write', make)
}

const pathOf = ({ url }: FastifyRequest) => url.split('?', 1)[0]!.replace(/^https?:\/\/[^/]*/i, '')
const bodyOf = ({ body }: FastifyRequest): string => (typeof body === 'string' ? body : '')

/** RFC 7617. Throws NotAuthenticated. */
function credentialsIn({ headers }: FastifyRequest): { email: string; token: string } {
  const encoded = /^basic +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const [, email, token] = /^([^:]*):(tma_.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  if (email === undefined || token === undefined) throw new NotAuthenticated()
  return { email, token }
}

const xmlType = 'application/xml; charset=utf-8'
const sendXml = (reply: FastifyReply, status: number, xml: string) => reply.code(status).type(xmlType).send(xml)

function sendMultistatus(reply: FastifyReply, responses: () => AsyncGenerator<string>) {
  async function* text() {
    yield multistatusHead
    yield* responses()
    yield multistatusFoot
  }
  return reply.code(207).type(xmlType).send(Readable.from(text()))
}

const propertiesIn = (node: XmlNode | undefined): XmlNode[] =>
  childrenOf(node, dav, 'set').flatMap((set) => childOf(set, dav, 'prop')?.children ?? [])

/** What a PROPPATCH, or the making of a list, sets and removes. */
function changesIn(node: XmlNode | undefined): PropertyChanges {
  const changes = new Map<string, string | null>()
  for (const step of node?.children ?? []) {
    for (const { namespace, name, text } of childOf(step, dav, 'prop')?.children ?? []) {
      changes.set(propertyKey(namespace, name), step.name === 'remove' ? null : text)
    }
  }
  return changes
}

function canSet({ list }: Found & { kind: 'list' }, key: string, changes: PropertyChanges): boolean {
  if (isProtected(key)) return false
  if (key === propertyKey(dav, 'displayname')) return nameIn(changes) !== undefined
  return hasRoomFor(list, changes)
}

function emptyElement(key: string): string {
  const [, namespace = '', name = ''] = /^\{(.*)\}([^}]*)$/s.exec(key)!
  return element(namespace, name)
}
