import type { ExportMember } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { Project, presentProject } from './schemas.ts'
import { allProjects, maxProjects } from './store.ts'
import type { ProjectRow } from './table.ts'

export const exportedProjects: ExportMember<ProjectRow, typeof Project> = {
  table: 'projects',
  name: 'projects',
  items: Project,
  maxItems: maxProjects,
  readPage: async (db, userId) => onlyPage((await allProjects(db, userId)).toSorted((a, b) => b.id - a.id)),
  present: presentProject,
}
