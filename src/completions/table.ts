import type { Entity, Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const outcomes = ['completed', 'skipped'] as const

/** What was done, and when: a row for each time that a task was completed, or an occurrence of it skipped. */
export const defineCompletions = (k: Kit, users: ReturnType<typeof defineUsers>, tasks: Entity) =>
  k.table(
    'completions',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      taskId: k.reference().notNull(),
      /** When the occurrence was due, as tasks keep it: its own date, not one that it was postponed to. */
      dueKey: k.key(19).notNull().default('~'),
      dueZone: k.string(64),
      completedAt: k.timestamp().notNull(),
      outcome: k.string(10).$type<(typeof outcomes)[number]>().notNull(),
      /** Occurrences that were over before the next one. */
      missed: k.integer().notNull().default(0),
      /** What the task was before, as JSON, for undoing; null if the row is older than this table. */
      former: k.text(),
      changeSeq: k.reference().notNull(),
    },
    (t) => [
      k.cascade('completions_user_fk', t.userId, users.id),
      k.cascade('completions_task_fk', t.taskId, tasks.id),
      k.index('completions_user_completed_idx', t.userId, t.completedAt, t.id),
      k.index('completions_task_idx', t.taskId, t.id),
      k.oneOf('completions_outcome_check', t.outcome, outcomes),
    ],
  )

export type CompletionRow = Row<ReturnType<typeof defineCompletions>>
