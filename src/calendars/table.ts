import type { Entity, Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

/** What a file or a calendar program says of a task, word for word, so that nothing in it that we do not know is lost. */
export const defineCalendarObjects = (k: Kit, users: ReturnType<typeof defineUsers>, tasks: Entity) =>
  k.table(
    'calendar_objects',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      taskId: k.reference().notNull(),
      /** UID of RFC 5545, or the name of the task in another file. */
      uid: k.string(255).notNull(),
      /** The text of its component, or of the calendar object that it is in; null where the file was no calendar. */
      source: k.text(),
      /** The number of the write after which the task is just what `source` says. */
      sourceSeq: k.reference(),
      /** The last part of its address in CalDAV; null for the uid and `.ics`. */
      name: k.string(255),
      /** The uid of a parent that is not there, or not yet. */
      parentUid: k.string(255),
    },
    (t) => [
      k.cascade('calendar_objects_user_fk', t.userId, users.id),
      k.cascade('calendar_objects_task_fk', t.taskId, tasks.id),
      k.unique('calendar_objects_user_uid', [t.userId, t.uid], 'random'),
      k.index('calendar_objects_task_idx', t.taskId),
      k.index('calendar_objects_name_idx', t.userId, t.name),
      k.index('calendar_objects_parent_idx', t.userId, t.parentUid),
    ],
  )

/** Addresses at which calendar programs read the tasks of a user, without a login. */
export const defineCalendarFeeds = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'calendar_feeds',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      name: k.string(100).notNull(),
      tokenHash: k.string(64).notNull(),
      lastFour: k.string(4).notNull(),
      /** The ids of projects, as JSON; null for all. */
      projectIds: k.text(),
      /** Whether dated tasks are events, too: some calendars show no to-dos. */
      hasEvents: k.boolean().notNull().default(false),
      createdAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('calendar_feeds_user_fk', t.userId, users.id),
      k.unique('calendar_feeds_token_hash', [t.tokenHash], 'random'),
      k.index('calendar_feeds_user_id_idx', t.userId, t.id),
    ],
  )

export type CalendarObjectRow = Row<ReturnType<typeof defineCalendarObjects>>
export type CalendarFeedRow = Row<ReturnType<typeof defineCalendarFeeds>>
