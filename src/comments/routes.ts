import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changing } from '../changes/change.ts'
import { nextLink, PageQuery, page } from '../http/paging.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { bodies, failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { once } from '../idempotency/idempotency.ts'
import { TaskNotFound } from '../tasks/problems.ts'
import { CommentNotFound } from './problems.ts'
import { Comment, CommentChanges, NewComment, presentComment } from './schemas.ts'
import { addComment, changeComment, deleteComment, findComment, listComments } from './store.ts'

export const commentsTag = { name: 'comments', description: 'Comments on tasks.' }

const bodyLimit = 128 * 1024

export const commentRoutes: FastifyPluginAsyncTypebox = async function commentRoutes(app) {
  const { db } = app
  for (const schema of [Comment, NewComment, CommentChanges]) app.addSchema(schema)
  const read = { tags: [commentsTag.name], security: allows('tasks:read'), params: IdParams }
  const write = { tags: [commentsTag.name], security: allows('tasks:write'), params: IdParams }

  app.get(
    '/tasks/:id/comments',
    {
      config: { listOf: Comment },
      schema: {
        ...read,
        operationId: 'listComments',
        summary: 'List the comments on a task',
        description: 'Answers one page of the comments on a task, newest first.',
        querystring: PageQuery,
        response: { 200: result(page(ref(Comment)), 'A page of comments.', 'link'), ...failures(TaskNotFound) },
      },
    },
    async (request, reply) => {
      const { user, params, query } = request
      const { items, next } = await listComments(db, user.id, params.id, query)
      reply.headers(nextLink(request, `/tasks/${params.id}/comments`, query.limit, next))
      return items.map((row) => presentComment(row, user))
    },
  )

  app.post(
    '/tasks/:id/comments',
    {
      bodyLimit,
      config: { isIdempotent: true },
      schema: {
        ...write,
        operationId: 'createComment',
        summary: 'Comment on a task',
        description: 'Adds a comment. The version of the task stays the same.',
        body: ref(NewComment),
        response: { 201: result(ref(Comment), 'The new comment.', 'location', 'etag'), ...failures(TaskNotFound) },
      },
    },
    async (request, reply) =>
      once(request, reply, async (change) => {
        const body = presentComment(await addComment(change, request.params.id, request.body), request.user)
        return { status: 201, location: `/comments/${body.id}`, etag: body.etag, body }
      }),
  )

  app.get(
    '/comments/:id',
    {
      schema: {
        ...read,
        operationId: 'getComment',
        summary: 'Get a comment',
        description: 'Answers one of your comments. Those on tasks in the trash are not found.',
        response: { 200: result(ref(Comment), 'The comment.'), ...failures(CommentNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      const comment = presentComment(await findComment(db, user.id, params.id), user)
      reply.header('etag', comment.etag)
      return comment
    },
  )

  app.patch(
    '/comments/:id',
    {
      bodyLimit,
      schema: {
        ...write,
        operationId: 'patchComment',
        summary: 'Change a comment by merge patch',
        description: 'Absent fields keep their value (RFC 7396).',
        headers: IfMatch,
        body: bodies({ 'application/json': ref(CommentChanges), 'application/merge-patch+json': ref(CommentChanges) }),
        response: {
          200: result(ref(Comment), 'The comment.', 'etag'),
          ...failures(CommentNotFound, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params, body } = request
      const requireVersion = preconditionOf(request)
      const row = await changing(db, user, (change) => changeComment(change, params.id, body, requireVersion))
      const comment = presentComment(row, user)
      reply.header('etag', comment.etag)
      return comment
    },
  )

  app.delete(
    '/comments/:id',
    {
      schema: {
        ...write,
        operationId: 'deleteComment',
        summary: 'Delete a comment',
        description: 'Deletes the comment for good.',
        headers: IfMatch,
        response: { 204: nothing('The comment is deleted.'), ...failures(CommentNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { user, params } = request
      const requireVersion = preconditionOf(request)
      await changing(db, user, (change) => deleteComment(change, params.id, requireVersion))
      return reply.code(204).send()
    },
  )
}
