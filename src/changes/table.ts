import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

/**
 * One counter for each owner: every write to what a user can see takes its next number, as the first statement of the
 * transaction. Not columns of `users`, whose row every request reads.
 */
export const defineChangeFeeds = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'change_feeds',
    {
      userId: k.reference().notNull(),
      /** The number of the latest write. */
      seq: k.reference().notNull(),
      /** Another one after a restore: numbers of different epochs say nothing of one another. */
      epoch: k.reference().notNull(),
      /** What was deleted up to this number is forgotten. */
      prunedSeq: k.reference().notNull(),
    },
    (t) => [k.primary('change_feeds_pk', t.userId), k.cascade('change_feeds_user_fk', t.userId, users.id)],
  )

export type ChangeFeedRow = Row<ReturnType<typeof defineChangeFeeds>>

/** What a deleted thing was. */
export type DeletedType = 'task' | 'project' | 'label' | 'comment' | 'moved_task'

/** What is gone, for those who keep a copy: kept for 90 days, after which `pruned_seq` of the feed says so. */
export const defineDeletions = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'deletions',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      changeSeq: k.reference().notNull(),
      type: k.string(10).$type<DeletedType>().notNull(),
      itemId: k.reference().notNull(),
      /** The project that a task was in, and the name that it had there in CalDAV. */
      projectId: k.reference(),
      name: k.string(255),
      createdAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('deletions_user_fk', t.userId, users.id),
      k.index('deletions_user_changed_idx', t.userId, t.changeSeq),
      k.index('deletions_created_at_idx', t.createdAt),
    ],
  )

export type DeletionRow = Row<ReturnType<typeof defineDeletions>>
