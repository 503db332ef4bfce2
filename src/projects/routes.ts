import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Change, changing } from '../changes/change.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { bodies, failures, nothing, result } from '../http/responses.ts'
import { defaulted, IdParams, ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { IfMatch, preconditionOf } from '../http/versions.ts'
import { once } from '../idempotency/idempotency.ts'
import { InboxStays, ProjectNotFound, TooManyProjects } from './problems.ts'
import { NewProject, Project, ProjectChanges, ProjectOrder, ProjectQuery, presentProject } from './schemas.ts'
import {
  changeProject,
  createProject,
  deleteProject,
  findProject,
  listProjects,
  maxProjects,
  moveProject,
  restoreProject,
  setArchived,
  trashProject,
} from './store.ts'
import type { ProjectRow } from './table.ts'

export const projectsTag = { name: 'projects', description: 'Projects: the lists that your tasks are in.' }

export const projectRoutes: FastifyPluginAsyncTypebox = async function projectRoutes(app) {
  const { db, sweeps } = app
  for (const schema of [Project, NewProject, ProjectChanges, ProjectOrder]) app.addSchema(schema)
  const read = { tags: [projectsTag.name], security: allows('tasks:read') }
  const write = { tags: [projectsTag.name], security: allows('tasks:write') }
  const action = { ...write, params: IdParams, headers: IfMatch }
  const project = result(ref(Project), 'The project.', 'etag')
  const projectLater = result(ref(Project), 'The project. Its tasks follow within the next minutes.', 'etag')

  /** A write that may go on with many tasks after the answer. */
  async function wide(request: FastifyRequest, reply: FastifyReply, work: (change: Change) => Promise<ProjectRow>) {
    const body = await once(request, reply, async (change) => {
      const row = await work(change)
      const body = presentProject(row, request.user)
      return { etag: body.etag, body }
    })
    if (!(await sweeps.finish(request.user.id))) reply.code(202)
    return body
  }

  app.get(
    '/',
    {
      config: { listOf: Project },
      schema: {
        ...read,
        operationId: 'listProjects',
        summary: 'List your projects',
        description: 'Answers all projects by position, at most 500, without those that are archived or in the trash.',
        querystring: ProjectQuery,
        response: { 200: result(Type.Array(ref(Project), { maxItems: maxProjects }), 'The projects.') },
      },
    },
    async ({ user, query }) => (await listProjects(db, user.id, query)).map((row) => presentProject(row, user)),
  )

  app.post(
    '/',
    {
      config: { isIdempotent: true },
      schema: {
        ...write,
        operationId: 'createProject',
        summary: 'Create a project',
        description: 'The new project is the last one.',
        body: ref(NewProject),
        response: {
          201: result(ref(Project), 'The new project.', 'location', 'etag'),
          ...failures(TooManyProjects),
        },
      },
    },
    async (request, reply) =>
      once(request, reply, async (change) => {
        const row = await createProject(change, request.body)
        const body = presentProject(row, request.user)
        return { status: 201, location: `/projects/${row.id}`, etag: body.etag, body }
      }),
  )

  app.get(
    '/:id',
    {
      schema: {
        ...read,
        operationId: 'getProject',
        summary: 'Get a project',
        description: 'Answers one of your projects, archived or not. Those in the trash are not found.',
        params: IdParams,
        response: { 200: result(ref(Project), 'The project.'), ...failures(ProjectNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      const row = await findProject(db, user.id, params.id)
      const presented = presentProject(row, user)
      reply.header('etag', presented.etag)
      return presented
    },
  )

  app.patch(
    '/:id',
    {
      schema: {
        ...action,
        operationId: 'patchProject',
        summary: 'Change a project by merge patch',
        description: 'Absent fields keep their value; null clears a field (RFC 7396).',
        body: bodies({ 'application/json': ref(ProjectChanges), 'application/merge-patch+json': ref(ProjectChanges) }),
        response: { 200: project, ...failures(ProjectNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { user, params, body } = request
      const requireVersion = preconditionOf(request)
      const row = await changing(db, user, (change) => changeProject(change, params.id, body, requireVersion))
      const presented = presentProject(row, user)
      reply.header('etag', presented.etag)
      return presented
    },
  )

  app.post(
    '/:id/move',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'moveProject',
        summary: 'Move a project',
        description: 'Moves a project to another position in the list of projects.',
        body: ref(ProjectOrder),
        response: { 200: project, ...failures(ProjectNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const { user, params, body: order } = request
      const requireVersion = preconditionOf(request)
      return once(request, reply, async (change) => {
        const row = await moveProject(change, params.id, order, requireVersion)
        const body = presentProject(row, user)
        return { etag: body.etag, body }
      })
    },
  )

  for (const [verb, isArchived, description] of [
    ['archive', true, 'Hides the project and its tasks from lists. Its tasks are listed by its `project_id` only.'],
    ['unarchive', false, 'Brings an archived project back, with its tasks.'],
  ] as const) {
    app.post(
      `/:id/${verb}`,
      {
        config: { isIdempotent: true },
        schema: {
          ...action,
          operationId: `${verb}Project`,
          summary: isArchived ? 'Archive a project' : 'Unarchive a project',
          description,
          response: {
            200: project,
            202: projectLater,
            ...failures(ProjectNotFound, InboxStays, PreconditionFailed),
          },
        },
      },
      async (request, reply) => {
        const requireVersion = preconditionOf(request)
        return wide(request, reply, (change) =>
          setArchived(change, sweeps, request.params.id, isArchived, requireVersion),
        )
      },
    )
  }

  app.post(
    '/:id/restore',
    {
      config: { isIdempotent: true },
      schema: {
        ...action,
        operationId: 'restoreProject',
        summary: 'Restore a project from the trash',
        description: 'Brings back the project and the tasks that went to the trash with it.',
        response: { 200: project, 202: projectLater, ...failures(ProjectNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      const requireVersion = preconditionOf(request)
      return wide(request, reply, (change) => restoreProject(change, sweeps, request.params.id, requireVersion))
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        ...action,
        operationId: 'deleteProject',
        summary: 'Delete a project',
        description:
          'Moves the project to the trash, with its tasks. It can be restored for 30 days. With `permanent=true` it is deleted for good, from the trash or not, which cannot be undone.',
        querystring: Type.Object(
          {
            permanent: defaulted(
              Type.Boolean({ default: false, description: 'Whether to delete it for good.', examples: [false] }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          202: nothing('The project is deleted. Its tasks follow within the next minutes.'),
          204: nothing('The project is deleted, with its tasks.'),
          ...failures(ProjectNotFound, InboxStays, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params, query } = request
      const requireVersion = preconditionOf(request)
      const remove = query.permanent ? deleteProject : trashProject
      await changing(db, user, (change) => remove(change, sweeps, params.id, requireVersion))
      return reply.code((await sweeps.finish(user.id)) ? 204 : 202).send()
    },
  )
}
