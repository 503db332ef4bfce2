import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'
import { LabelTaken } from './problems.ts'

export const defineLabels = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'labels',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      name: k.string(60).notNull(),
      /** The name by which two labels are the same: see names.ts. */
      nameKey: k.string(60).notNull(),
      color: k.string(7),
      position: k.key(64).notNull(),
      createdAt: k.timestamp().notNull(),
      updatedAt: k.timestamp().notNull(),
      changeSeq: k.reference().notNull(),
    },
    (t) => [
      k.cascade('labels_user_fk', t.userId, users.id),
      k.unique('labels_user_name_key', [t.userId, t.nameKey], LabelTaken),
      k.index('labels_user_changed_idx', t.userId, t.changeSeq),
    ],
  )

export type LabelRow = Row<ReturnType<typeof defineLabels>>
