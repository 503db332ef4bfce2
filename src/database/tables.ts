import { defineAuditEvents } from '../audit/table.ts'
import { defineMailLinks } from '../recovery/table.ts'
import { defineSessions } from '../sessions/table.ts'
import { defineTasks } from '../tasks/table.ts'
import { definePersonalAccessTokens } from '../tokens/table.ts'
import { defineUsers } from '../users/table.ts'
import type { Kit } from './kit.ts'

/** Every domain's tables; a new one also joins the exports of schema/*.ts, which drizzle-kit reads. */
export function defineTables(k: Kit) {
  const users = defineUsers(k)
  return {
    users,
    sessions: defineSessions(k, users),
    personalAccessTokens: definePersonalAccessTokens(k, users),
    mailLinks: defineMailLinks(k, users),
    auditEvents: defineAuditEvents(k),
    tasks: defineTasks(k, users),
  }
}

export type Tables = ReturnType<typeof defineTables>
