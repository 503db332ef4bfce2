import { readSpan, type Span } from '../changes/spans.ts'
import type { Database } from '../database/database.ts'
import type { Synced } from '../sync/sources.ts'
import { Project, presentProject } from './schemas.ts'
import type { ProjectRow } from './table.ts'

const read = (db: Database, userId: number, span: Span) =>
  readSpan(db, db.tables.projects, 'projects_user_changed_idx', userId, span)

/** One that is archived is sent as it is; its tasks are gone. */
export const syncedProjects: Synced<ProjectRow, typeof Project> = {
  name: 'projects',
  type: 'project',
  items: Project,
  readChanges: read,
  readAll: read,
  isGone: ({ deletedAt }) => deletedAt !== null,
  present: presentProject,
}
