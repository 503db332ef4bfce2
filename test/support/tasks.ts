import type { Task } from '../../src/tasks/schemas.ts'
import { execute } from './database.ts'

const digits = `(${Array.from({ length: 10 }, (_, n) => `select ${n} as n`).join(' union all ')})`

/** Makes 100,000 copies of a task, numbered in their titles, in about a second: the API would take minutes. */
export const multiply = (databaseUrl: string, { id }: Task): Promise<void> =>
  execute(
    databaseUrl,
    `insert into tasks (user_id, title, description, status, created_at, updated_at, completed_at)
      select user_id, concat(title, ' ', e.n, d.n, c.n, b.n, a.n), description, status, created_at, updated_at, completed_at
      from tasks cross join ${digits} a cross join ${digits} b cross join ${digits} c cross join ${digits} d
      cross join ${digits} e where tasks.id = ${id}`,
  )
