import { type Static, type TProperties, Type } from '@sinclair/typebox'
import { Id, ProblemDocument, ref } from '../http/schemas.ts'
import { Completion, Skip } from './completing.ts'
import { Move } from './moving.ts'
import { NewTask, Task, TaskChanges } from './schemas.ts'

/** Operations of one batch. */
export const maxOperations = 100

const RefName = Type.String({
  pattern: '^[\\w-]{1,64}$',
  maxLength: 64,
  description: 'A name of your own for the new task, by which later operations of the batch refer to it.',
  examples: ['house'],
})

/** The task that an earlier operation made. */
export interface Ref {
  readonly ref: string
}

const idOrRef = {
  ...Id({ examples: [42] }),
  properties: { ref: RefName },
  required: ['ref'],
  additionalProperties: false,
}

const eitherWay = 'its id, or `{"ref": …}` with the `ref` of an earlier operation that creates it.'
/** The id of a task, or the name of one that an earlier operation of the batch made. */
const TaskId = (description: string) =>
  Type.Unsafe<number | Ref>({ ...idOrRef, type: ['integer', 'object'], description: `${description}: ${eitherWay}` })

const ParentId = Type.Unsafe<number | Ref | null>({
  ...idOrRef,
  type: ['integer', 'object', 'null'],
  description: `The task that this is a subtask of, or null: ${eitherWay}`,
})

const IfMatch = Type.String({
  pattern: '^"[\\w-]+"$',
  maxLength: 100,
  description:
    'The ETag of the task as you read it: if the task has changed since, the operation fails with 412. What an atomic batch itself has changed before does not count.',
  examples: ['"1-2a-x7Qk3w"'],
})

const operation = <const Op extends string, P extends TProperties>(
  op: Op,
  name: string,
  description: string,
  fields: P,
) => Type.Object({ op: Type.Literal(op), ...fields }, { $id: name, additionalProperties: false, description })

const onTask = { id: TaskId('The task'), if_match: Type.Optional(IfMatch) }

const { before, after, ...moves } = Move.properties

export const operations = [
  operation('create', 'CreateOperation', 'Creates a task.', {
    ref: Type.Optional(RefName),
    task: Type.Object({ ...NewTask.properties, parent_id: Type.Optional(ParentId) }, { additionalProperties: false }),
  }),
  operation('change', 'ChangeOperation', 'Changes a task, as PATCH /tasks/{id} does.', {
    ...onTask,
    changes: Type.Object(
      { ...TaskChanges.properties, parent_id: Type.Optional(ParentId) },
      { additionalProperties: false },
    ),
  }),
  operation('delete', 'DeleteOperation', 'Moves a task to the trash, or deletes it for good.', {
    ...onTask,
    permanent: Type.Optional(Type.Boolean({ description: 'Whether to delete it for good.', examples: [false] })),
  }),
  operation('complete', 'CompleteOperation', 'Completes a task.', { ...onTask, ...Completion.properties }),
  operation('skip', 'SkipOperation', 'Skips an occurrence of a task.', { ...onTask, ...Skip.properties }),
  operation('move', 'MoveOperation', 'Moves a task, as POST /tasks/{id}/move does.', {
    ...onTask,
    ...moves,
    parent_id: Type.Optional(ParentId),
    before: Type.Optional(TaskId('The task that is to follow it')),
    after: Type.Optional(TaskId('The task that it is to follow')),
  }),
  operation('restore', 'RestoreOperation', 'Brings a task back from the trash.', onTask),
] as const

export type Operation = Static<(typeof operations)[number]>

export const Batch = Type.Object(
  {
    atomic: Type.Optional(
      Type.Boolean({
        description:
          'Whether all operations happen, or none; it is `true` if absent. With `false` each is a write of its own, and those after one that fails are still tried.',
        examples: [true],
      }),
    ),
    operations: Type.Array(
      Type.Unsafe<Operation>({ oneOf: operations.map(ref), discriminator: { propertyName: 'op' }, type: 'object' }),
      { minItems: 1, maxItems: maxOperations, description: 'What to do, one after the other.' },
    ),
  },
  {
    $id: 'Batch',
    additionalProperties: false,
    description: 'Several writes in one request.',
    examples: [
      {
        operations: [
          { op: 'create', ref: 'house', task: { title: 'Move house' } },
          { op: 'create', task: { title: 'Pack', parent_id: { ref: 'house' } } },
        ],
      },
    ],
  },
)

/** How an operation ended. */
export interface Outcome {
  readonly status: number
  readonly id?: number
  readonly problem?: ProblemDocument
}

export const BatchAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          status: Type.Integer({
            format: 'int32',
            minimum: 200,
            maximum: 499,
            description: 'What the operation would have been answered as a request of its own.',
            examples: [201],
          }),
          id: Type.Optional(Id({ description: 'The id of the task.' })),
          etag: Type.Optional(
            Type.String({
              pattern: '^"[\\w-]+"$',
              maxLength: 100,
              description: 'The ETag of the task after the batch.',
              examples: ['"1-2a-x7Qk3w"'],
            }),
          ),
          task: Type.Optional(ref(Task)),
          problem: Type.Optional(ref(ProblemDocument)),
        },
        { additionalProperties: false },
      ),
      {
        maxItems: maxOperations,
        description:
          'One for each operation, in their order. `task` is the task as it is after the batch; it is absent if it was deleted, with `Prefer: return=minimal`, and where the answer would be longer than about a megabyte.',
      },
    ),
  },
  { $id: 'BatchAnswer', additionalProperties: false, description: 'How the operations of a batch ended.' },
)
