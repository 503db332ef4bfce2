import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { clientOf } from '../http/client.ts'
import { failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { TokenNotFound, TooManyTokens } from './problems.ts'
import {
  CreatedPersonalAccessToken,
  maxTokens,
  NewPersonalAccessToken,
  PersonalAccessToken,
  presentToken,
} from './schemas.ts'
import { createToken, findToken, listTokens, revokeToken } from './store.ts'

export const tokensTag = { name: 'tokens', description: 'Manage personal access tokens, for scripts and agents.' }

export const tokenRoutes: FastifyPluginAsyncTypebox = async function tokenRoutes(app) {
  const { db } = app
  for (const schema of [NewPersonalAccessToken, PersonalAccessToken, CreatedPersonalAccessToken]) app.addSchema(schema)
  const tags = [tokensTag.name]

  app.get(
    '/',
    {
      schema: {
        operationId: 'listTokens',
        summary: 'List your personal access tokens',
        description: `Answers the metadata of all your tokens (at most ${maxTokens}), newest first, including expired ones. The tokens themselves are not shown.`,
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
          'Creates a token for a script or an agent. It can do what its scopes allow until it expires or is revoked. It can never manage the account, its sessions or its tokens.',
        tags,
        body: ref(NewPersonalAccessToken),
        response: {
          201: result(
            ref(CreatedPersonalAccessToken),
            'The new token. It is shown only once.',
            'location',
            'cache-control',
          ),
          ...failures(TooManyTokens),
        },
      },
    },
    async (request, reply) => {
      const { row, token } = await createToken(db, request.user, request.body, clientOf(request))
      reply
        .code(201)
        .header('location', request.linkTo(`/users/me/tokens/${row.id}`))
        .header('cache-control', 'no-store')
      return { ...presentToken(row), token }
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getToken',
        summary: 'Get a personal access token',
        description: 'Answers the metadata of the token. The token itself is not shown.',
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
        description: 'The token stops working immediately.',
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
