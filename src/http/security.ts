import type { RouteOptions } from 'fastify'
import type { Scope } from '../values/scopes.ts'

type Route = Pick<RouteOptions, 'schema'>

/** Whether a route asks for no token: its schema says `security: []`. */
export const isOpen = ({ schema }: Route): boolean => schema?.security?.length === 0

/** The `security` of a route that personal access tokens with this scope may use. Other routes take a login only. */
export const allows = (scope: Scope) => [{ password: [] }, { access_token: [] }, { personal_access_token: [scope] }]

/** The scope that a route's `security` names, if it takes personal access tokens at all. */
export const scopeOf = ({ schema }: Route): Scope | undefined =>
  schema?.security?.find((way) => 'personal_access_token' in way)?.personal_access_token?.[0] as Scope | undefined
