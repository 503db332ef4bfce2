import { kit } from '../database/kits/mysql.ts'
import { defineTables } from './tables.ts'

export const {
  users,
  changeFeeds,
  sessions,
  personalAccessTokens,
  mailLinks,
  auditEvents,
  projects,
  projectViews,
  labels,
  tasks,
  taskLabels,
  completions,
  comments,
  reminders,
  calendarObjects,
  calendarFeeds,
  deletions,
  sweeps,
  idempotencyKeys,
} = defineTables(kit)
