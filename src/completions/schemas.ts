import { type Static, Type } from '@sinclair/typebox'
import { defaulted, Id, Timestamp, words } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import { noWall, wallOf } from '../values/walls.ts'
import { type CompletionRow, outcomes } from './table.ts'

const CompletedDue = Type.Unsafe<{ date?: string; datetime?: string; timezone?: string } | null>({
  ...Type.Object(
    {
      date: Type.Optional(Type.String({ format: 'date', maxLength: 10, examples: ['2026-12-01'] })),
      datetime: Type.Optional(
        Type.String({ format: 'local-date-time', maxLength: 19, examples: ['2026-12-01T09:00:00'] }),
      ),
      timezone: Type.Optional(Type.String({ format: 'iana-timezone', maxLength: 64, examples: ['Europe/Berlin'] })),
    },
    {
      additionalProperties: false,
      description: 'When the occurrence was due: its own date, not one that it was postponed to.',
      examples: [{ date: '2026-12-01' }],
    },
  ),
  type: ['object', 'null'],
})

export const TaskCompletion = Type.Object(
  {
    id: Id(),
    task_id: Id({ description: 'The task.', examples: [42] }),
    due: CompletedDue,
    completed_at: Timestamp({ description: 'When it was done or skipped.' }),
    outcome: words(outcomes, { description: 'Whether it was done or skipped.', examples: ['completed'] }),
    missed: Type.Integer({
      format: 'int32',
      minimum: 0,
      maximum: 1_000_000,
      description: 'Occurrences after it that were over before the next one.',
      examples: [0],
    }),
  },
  {
    $id: 'Completion',
    additionalProperties: false,
    description: 'That a task was done, or an occurrence of it skipped.',
  },
)
export type TaskCompletion = Static<typeof TaskCompletion>

const bound = (description: string) =>
  Type.Optional(
    Type.String({ format: 'date-time', maxLength: 40, description, examples: ['2026-01-31T09:00:00.000Z'] }),
  )

export const CompletionQuery = Type.Object(
  {
    after: bound('Completions at this time or later.'),
    before: bound('Completions before this time.'),
    limit: defaulted(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: 500,
        default: 100,
        description: 'The maximum number of items on the page.',
        examples: [50],
      }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^\\d{1,15}-\\d{1,15}$',
        maxLength: 31,
        description: 'Where the page starts: the cursor in the `next` link of the previous page. It is opaque.',
        examples: ['1769850000000-42'],
      }),
    ),
  },
  { additionalProperties: false },
)

export const presentCompletion = (row: CompletionRow): TaskCompletion => ({
  id: row.id,
  task_id: row.taskId,
  due: row.dueKey === noWall ? null : wallOf(row.dueKey, row.dueZone),
  completed_at: formatTime(row.completedAt),
  outcome: row.outcome,
  missed: row.missed,
})
