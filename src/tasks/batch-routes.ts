import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { PreconditionFailed, type Problem } from '../http/problems.ts'
import { failures, perhapsAnnouncing, result } from '../http/responses.ts'
import { ref } from '../http/schemas.ts'
import { allows } from '../http/security.ts'
import { once, onceInSteps } from '../idempotency/idempotency.ts'
import { TooManyLabels } from '../labels/problems.ts'
import { ProjectArchived } from '../projects/problems.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { checkRefs, runAll, runNext } from './batch.ts'
import { Batch, BatchAnswer, type Outcome, operations } from './batch-schemas.ts'
import { BatchTooLarge, NotRecurring, OccurrenceUnknown, TaskNotFound, TreeTooLarge } from './problems.ts'
import { presentTask } from './schemas.ts'
import { tasksWithIds } from './store.ts'
import { tasksTag } from './tag.ts'

/** Characters of tasks in an answer. */
const maxLength = 1_000_000

const Prefer = Type.Object({
  prefer: Type.Optional(
    Type.String({
      maxLength: 1000,
      pattern: '^[ -~]*$',
      description: '`return=minimal` leaves the tasks out of the answer (RFC 7240).',
      examples: ['return=minimal'],
    }),
  ),
})

export const batchRoutes: FastifyPluginAsyncTypebox = async function batchRoutes(app) {
  const { db, limits, sweeps } = app
  for (const schema of [...operations, Batch, BatchAnswer]) app.addSchema(schema)

  app.post(
    '/batch',
    {
      bodyLimit: 1024 * 1024,
      config: { isIdempotent: true },
      schema: {
        tags: [tasksTag.name],
        security: allows('tasks:write'),
        operationId: 'batchTasks',
        summary: 'Do several things at once',
        description:
          'Up to 100 operations in one request of up to 1 MiB. They happen all or not at all, and the answer is the problem of the first that fails; with `"atomic": false` each has its own result. Each operation counts for the rate limit.',
        headers: Prefer,
        body: ref(Batch),
        response: {
          200: perhapsAnnouncing(result(ref(BatchAnswer), 'The results.'), 'preference-applied'),
          ...failures(
            TaskNotFound,
            PreconditionFailed,
            ProjectArchived,
            TreeTooLarge,
            TooManyLabels,
            BatchTooLarge,
            NotRecurring,
            OccurrenceUnknown,
          ),
        },
      },
    },
    async (request, reply) => {
      const { user, headers } = request
      const { atomic = true, operations } = request.body
      await limits.ofUser(request, reply, operations.length - 1)
      checkRefs(operations)
      const outcomes = atomic
        ? await once(request, reply, async (change) => ({ body: await runAll(change, sweeps, user, operations) }))
        : await onceInSteps<Outcome>(request, reply, operations.length, {
            run: (change, outcomes) => runNext(change, sweeps, user, operations, outcomes),
            failed: (problem) => outcomeOf(problem, request.linkTo(problem.kind.type)),
          })
      const isMinimal = /(^|[,;\s])return="?minimal"?($|[,;\s])/i.test(String(headers.prefer ?? ''))
      if (isMinimal) reply.header('preference-applied', 'return=minimal')
      return { results: isMinimal ? outcomes : await withTasks(user, outcomes) }
    },
  )

  async function withTasks(user: AuthenticatedUser, outcomes: readonly Outcome[]) {
    const ids = outcomes.flatMap(({ id }) => id ?? [])
    const rows = new Map((await tasksWithIds(db, user.id, ids)).map((row) => [row.id, row]))
    let length = 0
    return outcomes.map((outcome) => {
      const row = outcome.id === undefined ? undefined : rows.get(outcome.id)
      if (row === undefined) return outcome
      length += row.title.length + (row.description?.length ?? 0)
      const { etag, ...task } = presentTask(row, user)
      return { ...outcome, etag, ...(length <= maxLength && { task: { etag, ...task } }) }
    })
  }
}

const outcomeOf = (problem: Problem, type: string): Outcome => ({
  status: problem.kind.status,
  problem: { ...problem.toJSON(), type },
})
