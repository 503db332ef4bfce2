import { defineAuditEvents } from '../audit/table.ts'
import { defineProjectViews } from '../caldav/table.ts'
import { defineCalendarFeeds, defineCalendarObjects } from '../calendars/table.ts'
import { defineChangeFeeds, defineDeletions } from '../changes/table.ts'
import { defineComments } from '../comments/table.ts'
import { defineCompletions } from '../completions/table.ts'
import { defineMailLinks } from '../credentials/table.ts'
import type { Kit } from '../database/kit.ts'
import { defineIdempotencyKeys } from '../idempotency/table.ts'
import { defineLabels } from '../labels/table.ts'
import { defineProjects } from '../projects/table.ts'
import { defineReminders } from '../reminders/table.ts'
import { defineSessions } from '../sessions/table.ts'
import { defineSweeps } from '../sweeps/table.ts'
import { defineTaskLabels, defineTasks } from '../tasks/table.ts'
import { definePersonalAccessTokens } from '../tokens/table.ts'
import { defineUsers } from '../users/table.ts'

/** Every domain's tables; a new one also joins the exports beside this file, which drizzle-kit reads. */
export function defineTables(k: Kit) {
  const users = defineUsers(k)
  const projects = defineProjects(k, users)
  const labels = defineLabels(k, users)
  const tasks = defineTasks(k, users)
  return {
    users,
    changeFeeds: defineChangeFeeds(k, users),
    sessions: defineSessions(k, users),
    personalAccessTokens: definePersonalAccessTokens(k, users),
    mailLinks: defineMailLinks(k, users),
    auditEvents: defineAuditEvents(k),
    projects,
    projectViews: defineProjectViews(k, users, projects),
    labels,
    tasks,
    taskLabels: defineTaskLabels(k, labels, tasks),
    completions: defineCompletions(k, users, tasks),
    comments: defineComments(k, users, tasks),
    reminders: defineReminders(k, users, tasks),
    calendarObjects: defineCalendarObjects(k, users, tasks),
    calendarFeeds: defineCalendarFeeds(k, users),
    deletions: defineDeletions(k, users),
    sweeps: defineSweeps(k, users),
    idempotencyKeys: defineIdempotencyKeys(k, users),
  }
}

declare module '../database/database.ts' {
  interface Known {
    tables: ReturnType<typeof defineTables>
  }
}
