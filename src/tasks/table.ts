import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineLabels } from '../labels/table.ts'
import type { defineUsers } from '../users/table.ts'

export const taskStatuses = ['pending', 'in_progress', 'completed', 'cancelled'] as const

/** The most urgent first: a task is kept with its place in this list. */
export const priorities = ['urgent', 'high', 'medium', 'low', 'none'] as const

/** What the next occurrence of a task counts from. */
export const repeatFroms = ['due', 'completion'] as const

export const defineTasks = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'tasks',
    {
      id: k.id(),
      /** Whose task it is: the owner of its project. */
      userId: k.reference().notNull(),
      // No foreign key: SQLite cannot add one to a column that is not null. The lock of the feed makes it safe to check.
      projectId: k.reference().notNull().default(0),
      parentId: k.reference(),
      title: k.string(500).notNull(),
      description: k.text(),
      status: k.string(16).$type<(typeof taskStatuses)[number]>().notNull(),
      /** Which lists show it: see shelves.ts. */
      hidden: k.integer().notNull().default(0),
      shelf: k.integer().notNull().default(0),
      priorityRank: k.integer().notNull().default(4),
      /** Wall time, or a day, in an order: see values/walls.ts. Never null, so that undated tasks have a place in the index. */
      dueKey: k.key(19).notNull().default('~'),
      dueZone: k.string(64),
      dueAt: k.timestamp(),
      startKey: k.key(19),
      startZone: k.string(64),
      estimatedMinutes: k.integer(),
      position: k.key(64).notNull().default('a0'),
      /** The names as they are shown, as JSON; null for none. `task_labels` says the same, for look-ups. */
      labels: k.text(),
      /** A rule of RFC 5545, and what the next occurrence counts from; null for a task that is done once. */
      rrule: k.string(500),
      repeatFrom: k.string(10).$type<(typeof repeatFroms)[number]>(),
      /** The key of the first occurrence, and of the current one: `due` may have been postponed. */
      anchorKey: k.key(19),
      occurrenceKey: k.key(19),
      /** The number of the current one, from 1: for COUNT. */
      occurrence: k.integer(),
      /** What was asked for, as JSON; null for none. */
      reminders: k.text(),
      createdAt: k.timestamp().notNull(),
      updatedAt: k.timestamp().notNull(),
      completedAt: k.timestamp(),
      deletedAt: k.timestamp(),
      /** The number of the write that it was last changed by, in its owner's feed. */
      changeSeq: k.reference().notNull().default(0),
    },
    (t) => [
      k.cascade('tasks_user_fk', t.userId, users.id),
      k.cascade('tasks_parent_fk', t.parentId, t.id),
      k.index('tasks_user_listed_idx', t.userId, t.hidden, t.id),
      k.index('tasks_user_created_idx', t.userId, t.shelf, t.id),
      k.index('tasks_user_due_idx', t.userId, t.shelf, t.dueKey, t.id),
      k.index('tasks_user_priority_idx', t.userId, t.shelf, t.priorityRank, t.dueKey, t.id),
      k.index('tasks_user_changed_idx', t.userId, t.shelf, t.changeSeq, t.id),
      k.index('tasks_project_created_idx', t.projectId, t.shelf, t.id),
      k.index('tasks_project_position_idx', t.projectId, t.shelf, t.position, t.id),
      k.index('tasks_parent_idx', t.parentId, t.shelf, t.id),
      k.oneOf('tasks_status_check', t.status, taskStatuses),
    ],
  )

/** Which tasks have a label. */
export const defineTaskLabels = (
  k: Kit,
  labels: ReturnType<typeof defineLabels>,
  tasks: ReturnType<typeof defineTasks>,
) =>
  k.table('task_labels', { labelId: k.reference().notNull(), taskId: k.reference().notNull() }, (t) => [
    k.primary('task_labels_pk', t.labelId, t.taskId),
    k.cascade('task_labels_label_fk', t.labelId, labels.id),
    k.cascade('task_labels_task_fk', t.taskId, tasks.id),
    k.index('task_labels_task_id_idx', t.taskId),
  ])

export type TaskRow = Row<ReturnType<typeof defineTasks>>
