import { METHODS } from 'node:http'
import type { LightMyRequestResponse } from 'fastify'
import type { Operation } from '../support/openapi.ts'
import { made } from './recipes.ts'
import {
  bearer,
  exampleRequest,
  exampleRequests,
  formType,
  isPrivate,
  make,
  underAnotherName,
  urlOf,
  type Walk,
  type World,
  walk,
} from './walk.ts'
import { wrongRequests } from './wrong-requests.ts'

/** The document's examples work in the document's order, and but for their recipes as they stand; GETs twice, for 304. */
export function examplesWork(world: World): Promise<Walk> {
  const { api, ann } = world
  return walk(world, api.operations, async ({ operation, send, find }) => {
    const headers = operation.isOpen ? {} : await bearer(ann)
    for (const example of exampleRequests(api, operation)) {
      const request = { headers, ...example }
      const id = isPrivate(operation) ? await make(world, operation, ann) : ''

      const real = { ...(await made(world, operation, request)), id }
      const response = await underAnotherName(api, operation, real, send)

      if (response.statusCode >= 300) find(`answers its example ${request.body} with ${response.statusCode}`)
      if (!operation.responses[304]) continue
      const again = await send({ id, headers: { ...headers, 'if-none-match': String(response.headers.etag) } })
      if (again.statusCode !== 304) find(`answers what has not changed with ${again.statusCode}`)
    }
  })
}

/** Every operation but the open ones answers 401 to strangers, before it looks at what they sent, and does nothing. */
export function strangersAreRefused(world: World, open: readonly string[]): Promise<Walk> {
  const { api, ann, stored } = world
  return walk(world, api.operations, async ({ operation, send, find }) => {
    const isMeantOpen = open.includes(operation.operationId)
    if (isMeantOpen !== operation.isOpen) find(`documents ${operation.isOpen ? 'no' : 'a'} token`)
    if (isMeantOpen) return
    const id = isPrivate(operation) ? await make(world, operation, ann) : ''
    const before = await stored()
    const nonsense = { id: 'x', query: 'unknown=1', type: 'text/plain', body: '{' }

    for (const [who, headers] of Object.entries(strangers(await ann.token))) {
      for (const request of [{ ...exampleRequest(api, operation), id }, nonsense]) {
        const response = await send({ ...request, headers })
        if (response.statusCode !== 401) find(`answers ${who} with ${response.statusCode}`)
        else if (!response.headers['www-authenticate']) find(`answers ${who} without WWW-Authenticate`)
      }
    }
    if ((await stored()) !== before) find('changes what is stored for strangers')
  })
}

const strangers = (token: string): Record<string, Record<string, string>> => ({
  'no token': {},
  garbage: { authorization: 'Bearer garbage' },
  'a forged token': { authorization: `Bearer ${token.slice(0, -4)}AAAA` },
  'a token without a scheme': { authorization: token },
  'a token of another scheme': { authorization: `Token ${token}` },
  'Basic authentication': { authorization: `Basic ${Buffer.from('ann@example.org:password').toString('base64')}` },
  'a token in a cookie': { cookie: `token=${token}; access_token=${token}` },
})

/** What another has is answered as what does not exist, byte for byte, and stays as it is. */
export function othersAreNotThere(world: World): Promise<Walk> {
  const { api, ann, bob, stored } = world
  return walk(world, api.operations.filter(isPrivate), async ({ operation, send, find }) => {
    const request = { ...exampleRequest(api, operation), headers: await bearer(bob) }
    const id = await make(world, operation, ann)
    const before = await stored()

    const theirs = await send({ ...request, id })
    const nobodys = await send({ ...request, id: '999999999999999' })

    if (theirs.statusCode !== 404) find(`answers what is another's with ${theirs.statusCode}`)
    if (comparable(theirs) !== comparable(nobodys)) find("tells what is another's from what is not there")
    if ((await stored()) !== before) find("changes what is another's")
  })
}

/** All of an answer but what differs from one request to the next. */
function comparable({ statusCode, headers, ...answer }: LightMyRequestResponse, body = answer.body): string {
  const { date, 'x-request-id': requestId, 'transfer-encoding': framing, ratelimit, ...others } = headers
  return JSON.stringify([statusCode, body, others])
}

/** Each thing that can be wrong with the input is a 422, or a 400 of a form, that names its place, and changes nothing. */
export function inputIsStrict(world: World): Promise<Walk> {
  const { api, ann, stored } = world
  return walk(world, api.operations, async ({ operation, send, find }) => {
    const headers = operation.isOpen ? {} : await bearer(ann)
    const id = isPrivate(operation) ? await make(world, operation, ann) : ''
    const before = await stored()

    for (const { wrong, place, ...request } of wrongRequests(api, operation)) {
      const response = await send({ id, ...request, headers })
      const refusal = request.type === formType ? 400 : 422 // RFC 6749, section 5.2
      const errors: Record<string, string>[] = response.statusCode === refusal ? response.json().errors : []
      const places = errors.map(({ detail, ...at }) => JSON.stringify(at))
      if (response.statusCode !== refusal) find(`answers ${wrong} with ${response.statusCode}`)
      else if (places.length === 0 || places.some((at) => at !== JSON.stringify(place))) {
        find(`says that ${wrong} is at ${places}, not ${JSON.stringify(place)}`)
      }
      if ((await stored()) !== before) return find(`changes what is stored, by ${wrong}`)
    }
  })
}

/** HEAD is answered as GET, without the body. */
export function headsAreAsGets(world: World): Promise<Walk> {
  const { api, ann, inject } = world
  const gets = api.operations.filter(({ method }) => method === 'get')
  return walk(world, gets, async ({ operation, send, find }) => {
    const headers = operation.isOpen ? {} : await bearer(ann)
    const id = isPrivate(operation) ? await make(world, operation, ann) : ''

    const get = await send({ id, headers })
    const { response: head, faults } = await inject('HEAD', urlOf(operation, id), { headers })

    faults.forEach(find)
    if (head.body !== '') find('answers HEAD with a body')
    if (comparable(head) !== comparable(get, '')) find('answers HEAD otherwise than GET')
  })
}

/** A path answers the methods it does not have with 405, and Allow lists exactly those that it has. */
export function otherMethodsAreNotAllowed(world: World): Promise<Walk> {
  const { api, inject } = world
  const byPath = [...Map.groupBy(api.operations, ({ path }) => path).values()]
  return walk(world, byPath.map(firstOf), async ({ operation, find }) => {
    const own = methodsOf(byPath.find(([first]) => first === operation)!)
    for (const method of METHODS.filter((name) => name !== 'CONNECT' && !own.includes(name))) {
      const { response, faults } = await inject(method, urlOf(operation), { type: 'application/json', body: '{' })
      faults.forEach(find)
      if (response.statusCode !== 405) find(`answers ${method} with ${response.statusCode}`)
      else if (response.headers.allow !== own.join(', ')) find(`allows ${response.headers.allow}, but has ${own}`)
    }
  })
}

const firstOf = ([first]: Operation[]) => first!

/** OpenAPI has no words for a method of WebDAV, by which calendar programs begin. */
const methodsOf = (operations: Operation[]) =>
  operations
    .flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .concat(operations[0]?.path === '/' ? 'PROPFIND' : [])
    .sort()
