import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { clientOf } from '../audit/store.ts'
import { TokenNotFound, TooManyTokens } from '../errors.ts'
import { failures, IdParams, nothing, ref, result } from '../schemas.ts'
import {
  CreatedPersonalAccessToken,
  maxTokens,
  NewPersonalAccessToken,
  PersonalAccessToken,
  presentToken,
} from './schemas.ts'
import { createToken, findToken, listTokens, revokeToken } from './store.ts'

export const tokenRoutes: FastifyPluginAsyncTypebox = async function tokenRoutes(app) {
  const { db } = app
  for (const schema of [NewPersonalAccessToken, PersonalAccessToken, CreatedPersonalAccessToken]) app.addSchema(schema)
  const tags = ['tokens']

  app.get(
    '/',
    {
      schema: {
        operationId: 'listTokens',
        summary: 'Your personal access tokens',
        description: `Newest first, at most ${maxTokens}, with those that have expired; the tokens themselves are not shown.`,
        tags,
        response: { 200: result(Type.Array(ref(PersonalAccessToken), { maxItems: maxTokens }), 'Your tokens.') },
      },
    },
    async ({ user }) => (await listTokens(db, user.id)).map(presentToken),
  )

  app.post(
    '/',
    {
      schema: {
        operationId: 'createToken',
        summary: 'Create a personal access token',
        description:
          'For a script or an agent: it can do what its scopes say until it expires or is revoked, and never manages the account, its sessions or tokens.',
        tags,
        body: ref(NewPersonalAccessToken),
        response: {
          201: result(ref(CreatedPersonalAccessToken), 'The new token, shown once.', 'location', 'cache-control'),
          ...failures(TooManyTokens),
        },
      },
    },
    async (request, reply) => {
      const { row, token } = await createToken(db, request.user, request.body, clientOf(request))
      reply.code(201).header('location', `/users/me/tokens/${row.id}`).header('cache-control', 'no-store')
      return { ...presentToken(row), token }
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getToken',
        summary: 'A personal access token',
        description: 'What is known of it; the token itself is not shown.',
        tags,
        params: IdParams,
        response: { 200: result(ref(PersonalAccessToken), 'The token.'), ...failures(TokenNotFound) },
      },
    },
    async ({ user, params }) => presentToken(await findToken(db, user.id, params.id)),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke a personal access token',
        description: 'It is refused from now on.',
        tags,
        params: IdParams,
        response: { 204: nothing('The token is revoked.'), ...failures(TokenNotFound) },
      },
    },
    async (request, reply) => {
      await revokeToken(db, request.user.id, request.params.id, clientOf(request))
      return reply.code(204).send()
    },
  )
}
