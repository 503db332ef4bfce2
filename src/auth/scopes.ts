import type { RouteOptions } from 'fastify'

/** What a personal access token can be allowed to do. None includes another. */
export const scopeMeanings = {
  'tasks:read': 'read tasks',
  'tasks:write': 'create, change and delete tasks; a change answers the whole task',
  'account:read': 'see the account',
} as const
export type Scope = keyof typeof scopeMeanings
export const scopes = Object.keys(scopeMeanings) as Scope[]

/** The `security` of a route that personal access tokens with this scope may use. Other routes take a login only. */
export const allows = (scope: Scope) => [{ password: [] }, { access_token: [] }, { personal_access_token: [scope] }]

/** The scope that a route's `security` names, if it takes personal access tokens at all. */
export const scopeOf = ({ schema }: RouteOptions): Scope | undefined =>
  schema?.security?.find((way) => 'personal_access_token' in way)?.personal_access_token?.[0] as Scope | undefined
