import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import {
  BodyTooLarge,
  DatabaseDown,
  InsufficientScope,
  InternalError,
  InvalidInput,
  InvalidToken,
  MalformedRequest,
  NotAuthenticated,
  RequestTimeout,
  StorageFull,
  UnsupportedMediaType,
  UriTooLong,
} from '../http/problems.ts'
import { failures } from '../http/responses.ts'
import { isOpen } from '../http/security.ts'

/** Documents what can go wrong on every route of its kind, so that no route has to say it, and none can forget it. */
export const commonProblems = fp(
  async function commonProblems(app: FastifyInstance) {
    app.addHook('onRoute', documentCommonProblems)
  },
  { name: 'common-problems' },
)

function documentCommonProblems(route: RouteOptions) {
  if (route.schema === undefined || route.schema.hide) return
  const mayWrite = !['GET', 'HEAD'].includes(String(route.method))
  const common = [MalformedRequest, InvalidInput, InternalError]
  if (!isOpen(route)) common.push(NotAuthenticated, InvalidToken, InsufficientScope, DatabaseDown)
  if (route.url.includes(':')) common.push(UriTooLong)
  if (mayWrite) common.push(RequestTimeout, BodyTooLarge, UnsupportedMediaType, StorageFull)
  route.schema.response = { ...failures(...common), ...(route.schema.response as object) }
}
