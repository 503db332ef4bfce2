import { defineTasks } from '../tasks/table.ts'
import { defineUsers } from '../users/table.ts'
import type { Kit } from './kit.ts'

/** Every domain's tables; a new one also joins the exports of schema/*.ts, which drizzle-kit reads. */
export function defineTables(k: Kit) {
  const users = defineUsers(k)
  const tasks = defineTasks(k, users)
  return { users, tasks }
}

export type Tables = ReturnType<typeof defineTables>
