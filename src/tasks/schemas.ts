import { type Static, Type } from '@sinclair/typebox'
import { defaulted, Etag, Id, nullable, nullableInteger, Timestamp, words } from '../http/schemas.ts'
import { type Feed, versionTag } from '../http/versions.ts'
import { LabelName } from '../labels/schemas.ts'
import { formatTime } from '../values/times.ts'
import { Due, presentDue, presentStart, Start } from './dues.ts'
import { presentReminders, Reminders } from './reminding.ts'
import { presentRecurrence, Recurrence } from './repeating.ts'
import type { TaskRow } from './table.ts'
import { priorities, taskStatuses } from './table.ts'

export const TaskStatus = words(taskStatuses, {
  title: 'TaskStatus',
  description: 'The status of a task.',
  examples: ['pending'],
})
export type TaskStatus = Static<typeof TaskStatus>

export const Priority = words(priorities, {
  title: 'Priority',
  description: 'The priority of a task, `urgent` being the highest.',
  examples: ['high'],
})
export type Priority = Static<typeof Priority>

const Title = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'What there is to do: 1 to 500 characters, at least one of which is not white space.',
  examples: ['Buy milk'],
})

const Description = nullable(
  Type.String({ maxLength: 20_000, description: 'Details, or null.', examples: ['Two litres, the organic one'] }),
)

const EstimatedMinutes = nullableInteger(
  Type.Integer({
    format: 'int32',
    minimum: 1,
    maximum: 1_000_000,
    description: 'How many minutes the task is expected to take, or null.',
    examples: [30],
  }),
)

export const maxLabelsOfTask = 20

const Labels = Type.Array(LabelName, {
  maxItems: maxLabelsOfTask,
  description: 'The names of its labels. A list that you send replaces the whole list; names that are new make labels.',
  examples: [['errands']],
})

const ProjectId = Id({ description: 'The project that the task is in.', examples: [3] })
const ParentId = nullableInteger(Id({ description: 'The task that this is a subtask of, or null.', examples: [null] }))

export const Task = Type.Object(
  {
    id: Id(),
    etag: Etag(),
    title: Title,
    description: Description,
    status: TaskStatus,
    user_id: Id({ description: 'The id of the account that owns the task.', examples: [7] }),
    project_id: ProjectId,
    parent_id: ParentId,
    priority: Priority,
    due: Due,
    due_at: nullable(
      Timestamp({ description: 'The instant of a `due` that has a time; null for a date.', examples: [null] }),
    ),
    start: Start,
    estimated_minutes: EstimatedMinutes,
    labels: Labels,
    recurrence: Recurrence,
    is_recurring: Type.Boolean({ description: 'Whether it recurs.', examples: [false] }),
    reminders: Reminders,
    position: Type.String({
      pattern: '^[0-9A-Za-z]+$',
      maxLength: 64,
      description: 'Its place among the tasks of its project, by the bytes of this text. See POST /tasks/{id}/move.',
      examples: ['h0V4bXq2k5R'],
    }),
    created_at: Timestamp(),
    updated_at: Timestamp(),
    completed_at: nullable(
      Timestamp({ description: 'When the status became `completed`; null while it is not.', examples: [null] }),
    ),
    deleted_at: nullable(
      Timestamp({ description: 'When the task was moved to the trash; null if it is not there.', examples: [null] }),
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
    project_id: Type.Optional(ProjectId),
    parent_id: Type.Optional(ParentId),
    priority: Type.Optional(Priority),
    due: Type.Optional(Due),
    start: Type.Optional(Start),
    estimated_minutes: Type.Optional(EstimatedMinutes),
    labels: Type.Optional(Labels),
    recurrence: Type.Optional(Recurrence),
    reminders: Type.Optional(Reminders),
  },
  {
    $id: 'NewTask',
    additionalProperties: false,
    description: 'A task to create. The status is `pending` if absent, the project the Inbox or that of the parent.',
    examples: [{ title: 'Buy milk', priority: 'high', due: { date: '2026-12-01' }, labels: ['errands'] }],
  },
)
export type NewTask = Static<typeof NewTask>

export const TaskChanges = Type.Partial(NewTask, {
  $id: 'TaskChanges',
  additionalProperties: false,
  description:
    'The fields to change. Absent fields keep their value; null clears a field. `due`, `start`, `recurrence`, `labels` and `reminders` are replaced as a whole, in which this differs from RFC 7396. Another `project_id` or `parent_id` moves the task, with its subtasks, to the end of that list.',
  examples: [{ title: 'Buy oat milk', status: 'in_progress' }],
})
export type TaskChanges = Static<typeof TaskChanges>

export const InTrash = (description: string) =>
  Type.Object(
    { trashed: defaulted(Type.Boolean({ default: false, description, examples: [false] })) },
    { additionalProperties: false },
  )

export const labelNamesOf = ({ labels }: Pick<TaskRow, 'labels'>): string[] =>
  labels === null ? [] : JSON.parse(labels)

export const taskTag = versionTag(Task)

export const presentTask = (row: TaskRow, feed: Feed): Task => ({
  id: row.id,
  etag: taskTag(feed, row),
  title: row.title,
  description: row.description,
  status: row.status,
  user_id: row.userId,
  project_id: row.projectId,
  parent_id: row.parentId,
  priority: priorities[row.priorityRank]!,
  due: presentDue(row.dueKey, row.dueZone),
  due_at: row.dueAt === null ? null : formatTime(row.dueAt),
  start: presentStart(row.startKey, row.startZone),
  estimated_minutes: row.estimatedMinutes,
  labels: labelNamesOf(row),
  recurrence: presentRecurrence(row),
  is_recurring: row.rrule !== null,
  reminders: presentReminders(row),
  position: row.position,
  created_at: formatTime(row.createdAt),
  updated_at: formatTime(row.updatedAt),
  completed_at: row.completedAt === null ? null : formatTime(row.completedAt),
  deleted_at: row.deletedAt === null ? null : formatTime(row.deletedAt),
})
