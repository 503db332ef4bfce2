import type { Entity, Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

/** What calendar programs say of a project, and what is theirs alone: an address, an order, properties of their own. */
export const defineProjectViews = (k: Kit, users: ReturnType<typeof defineUsers>, projects: Entity) =>
  k.table(
    'project_views',
    {
      userId: k.reference().notNull(),
      projectId: k.reference().notNull(),
      /** Its part of the address, if a program chose one; else it is the id. */
      davName: k.string(255),
      /** Properties of WebDAV that have no field, as JSON. */
      davProperties: k.text(),
    },
    (t) => [
      k.primary('project_views_pk', t.userId, t.projectId),
      k.cascade('project_views_user_fk', t.userId, users.id),
      k.cascade('project_views_project_fk', t.projectId, projects.id),
    ],
  )

export type ProjectViewRow = Row<ReturnType<typeof defineProjectViews>>
