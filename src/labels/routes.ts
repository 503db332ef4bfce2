import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Change, changing } from '../changes/change.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { bodies, failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { once } from '../idempotency/idempotency.ts'
import { LabelNotFound, LabelTaken, TooManyLabels } from './problems.ts'
import { Label, LabelChanges, LabelOrder, Merge, NewLabel, presentLabel } from './schemas.ts'
import {
  changeLabel,
  createLabel,
  deleteLabel,
  findLabel,
  listLabels,
  maxLabels,
  mergeLabel,
  moveLabel,
} from './store.ts'
import type { LabelRow } from './table.ts'

export const labelsTag = { name: 'labels', description: 'Labels of tasks, across projects.' }

export const labelRoutes: FastifyPluginAsyncTypebox = async function labelRoutes(app) {
  const { db, sweeps } = app
  for (const schema of [Label, NewLabel, LabelChanges, LabelOrder, Merge]) app.addSchema(schema)
  const read = { tags: [labelsTag.name], security: allows('tasks:read') }
  const write = { tags: [labelsTag.name], security: allows('tasks:write') }
  const action = { ...write, params: IdParams, headers: IfMatch }
  const label = result(ref(Label), 'The label.', 'etag')
  const labelLater = result(ref(Label), 'The label. Its tasks follow within the next minutes.', 'etag')

  const acting = (request: FastifyRequest, reply: FastifyReply, work: (change: Change) => Promise<LabelRow>) =>
    once(request, reply, async (change) => {
      const row = await work(change)
      const body = presentLabel(row, request.user)
      return { etag: body.etag, body }
    })

  app.get(
    '/',
    {
      config: { listOf: Label },
      schema: {
        ...read,
        operationId: 'listLabels',
        summary: 'List your labels',
        description: 'Answers all labels by position, at most 500.',
        response: { 200: result(Type.Array(ref(Label), { maxItems: maxLabels }), 'The labels.') },
      },
    },
    async ({ user }) => (await listLabels(db, user.id)).map((row) => presentLabel(row, user)),
  )

  app.post(
    '/',
    {
      config: { isIdempotent: true },
      schema: {
        ...write,
        operationId: 'createLabel',
        summary: 'Create a label',
        description: 'A task that names a label which does not exist creates it, too.',
        body: ref(NewLabel),
        response: {
          201: result(ref(Label), 'The new label.', 'location', 'etag'),
          ...failures(LabelTaken, TooManyLabels),
        },
      },
    },
    async (request, reply) =>
      once(request, reply, async (change) => {
        const row = await createLabel(change, request.body)
        const body = presentLabel(row, request.user)
        return { status: 201, location: `/labels/${row.id}`, etag: body.etag, body }
      }),
  )

  app.get(
    '/:id',
    {
      schema: {
        ...read,
        operationId: 'getLabel',
        summary: 'Get a label',
        description: 'Answers one of your labels.',
        params: IdParams,
        response: { 200: result(ref(Label), 'The label.'), ...failures(LabelNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      const row = await findLabel(db, user.id, params.id)
      const presented = presentLabel(row, user)
      reply.header('etag', presented.etag)
      return presented
    },
  )

  app.patch(
    '/:id',
    {
      schema: {
        ...action,
        operationId: 'patchLabel',
        summary: 'Change a label by merge patch',
        description:
          'Absent fields keep their value; null clears a field (RFC 7396). Another name is written into the tasks that have the label.',
        body: bodies({ 'application/json': ref(LabelChanges), 'application/merge-patch+json': ref(LabelChanges) }),
        response: { 200: label, 202: labelLater, ...failures(LabelNotFound, LabelTaken, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { user, params, body } = request
      const requireVersion = preconditionOf(request)
      const row = await changing(db, user, (change) => changeLabel(change, sweeps, params.id, body, requireVersion))
      const presented = presentLabel(row, user)
      reply.code((await sweeps.finish(user.id)) ? 200 : 202).header('etag', presented.etag)
      return presented
    },
  )

  app.post(
    '/:id/move',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'moveLabel',
        summary: 'Move a label',
        description: 'Moves a label to another position in the list of labels.',
        body: ref(LabelOrder),
        response: { 200: label, ...failures(LabelNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const requireVersion = preconditionOf(request)
      return acting(request, reply, (change) => moveLabel(change, request.params.id, request.body, requireVersion))
    },
  )

  app.post(
    '/:id/merge',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'mergeLabel',
        summary: 'Merge a label into another',
        description: 'Its tasks get the other label instead, and the label is deleted.',
        body: ref(Merge),
        response: {
          200: result(ref(Label), 'The label that its tasks have now.', 'etag'),
          202: labelLater,
          ...failures(LabelNotFound, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params, body } = request
      const requireVersion = preconditionOf(request)
      const merged = await acting(request, reply, (change) =>
        mergeLabel(change, sweeps, params.id, body.into, requireVersion),
      )
      if (!(await sweeps.finish(user.id))) reply.code(202)
      return merged
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        ...action,
        operationId: 'deleteLabel',
        summary: 'Delete a label',
        description: 'Takes the label off its tasks. This cannot be undone.',
        response: {
          202: nothing('The label is being taken off its tasks, and then is deleted.'),
          204: nothing('The label is deleted.'),
          ...failures(LabelNotFound, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params } = request
      const requireVersion = preconditionOf(request)
      await changing(db, user, (change) => deleteLabel(change, sweeps, params.id, requireVersion))
      return reply.code((await sweeps.finish(user.id)) ? 204 : 202).send()
    },
  )
}
