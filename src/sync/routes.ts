import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { invalidParameter } from '../http/problems.ts'
import { failures, result } from '../http/responses.ts'
import { allows } from '../http/security.ts'
import { SyncTokenExpired } from './problems.ts'
import { SyncAnswer, SyncQuery } from './schemas.ts'
import type { Synced } from './sources.ts'
import { readChanges } from './store.ts'
import { isCurrent, positionIn, tokenOf } from './tokens.ts'

export const syncTag = { name: 'sync', description: 'Keep a copy of everything, and bring it up to date.' }

export const syncRoutes: FastifyPluginAsyncTypebox<{ synced: readonly Synced[] }> = async function syncRoutes(
  app,
  { synced },
) {
  const { db } = app
  for (const { items } of synced) app.addSchema(items)
  const nothing = { ...Object.fromEntries(synced.map(({ name }) => [name, []])), deleted: [] }

  app.get(
    '/',
    {
      schema: {
        tags: [syncTag.name],
        security: allows('tasks:read'),
        operationId: 'sync',
        summary: 'Get what changed since the last call',
        description:
          'Call it without a token to get everything, then with the `sync_token` of each answer to get what changed since. Repeat while `has_more` is true; in between, your copy may hold a part of a change. Put what comes into your copy by its id, and remove what `deleted` names, which includes tasks that are now in the trash or whose project is archived. Store the token together with the changes. After 90 days, or when the server was restored from a backup, the answer is 410: start again without a token.',
        querystring: SyncQuery,
        response: {
          200: result(
            SyncAnswer(synced),
            'What changed, up to `limit` changes. A page may have fewer although there are more.',
          ),
          ...failures(SyncTokenExpired),
        },
      },
    },
    async ({ user, query }) => {
      const { feedEpoch: epoch, feedSeq: seq } = user
      const { sync_token: token, open_only: openOnly, limit } = query
      const position = token === undefined ? { epoch, seq: 0, base: seq, openOnly } : positionIn(token)
      if (position === undefined) throw invalidParameter('sync_token', 'is not a token of this API')
      if (isCurrent(position, user)) return { sync_token: token!, full_sync: false, has_more: false, ...nothing }
      const { next, hasMore, isFull, items, deleted } = await readChanges(db, synced, user, position, limit)
      return { sync_token: tokenOf(next), full_sync: isFull, has_more: hasMore, ...items, deleted }
    },
  )
}
