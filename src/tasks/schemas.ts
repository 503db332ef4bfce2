import { type Static, Type } from '@sinclair/typebox'
import { Id, nullable, Timestamp, words } from '../schemas.ts'
import { formatTime } from '../times.ts'
import type { TaskRow } from './store.ts'
import { taskStatuses } from './table.ts'

export const TaskStatus = words(taskStatuses, {
  description: 'Where the task stands.',
  examples: ['pending'],
})
export type TaskStatus = Static<typeof TaskStatus>

const Title = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'What is to be done: 1 to 500 characters, not all of them white space.',
  examples: ['Buy milk'],
})

const Description = nullable(
  Type.String({ maxLength: 20_000, description: 'More about it, or null.', examples: ['Two litres, the organic one'] }),
)

export const Task = Type.Object(
  {
    id: Id(),
    title: Title,
    description: Description,
    status: TaskStatus,
    user_id: Id({ description: 'Whose task it is.', examples: [7] }),
    created_at: Timestamp(),
    updated_at: Timestamp(),
    completed_at: nullable(
      Timestamp({ description: 'When the status became completed; null while it is another.', examples: [null] }),
    ),
  },
  { $id: 'Task', additionalProperties: false, description: 'A task.' },
)
export type Task = Static<typeof Task>

export const NewTask = Type.Object(
  {
    title: Title,
    description: Type.Optional(Description),
    status: Type.Optional(TaskStatus),
  },
  { $id: 'NewTask', additionalProperties: false, description: 'A task to create; its status is pending if not given.' },
)
export type NewTask = Static<typeof NewTask>

export const TaskChanges = Type.Partial(NewTask, {
  $id: 'TaskChanges',
  additionalProperties: false,
  description: 'What to change: absent fields keep their value, null clears.',
})
export type TaskChanges = Static<typeof TaskChanges>

export const presentTask = (row: TaskRow): Task => ({
  id: row.id,
  title: row.title,
  description: row.description,
  status: row.status,
  user_id: row.userId,
  created_at: formatTime(row.createdAt),
  updated_at: formatTime(row.updatedAt),
  completed_at: row.completedAt === null ? null : formatTime(row.completedAt),
})
