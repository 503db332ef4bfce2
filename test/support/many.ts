import { execute } from './database.ts'

const columns = {
  tasks: 'user_id, title, description, status, created_at, updated_at, completed_at',
  audit_events: 'user_id, event, address, created_at',
}

const digits = `(${Array.from({ length: 10 }, (_, n) => `select ${n}`).join(' union all ')})`

/** Makes ten to the power of `zeros` copies of a row: 100,000 take about a second, the API would take minutes. */
export const multiply = (
  databaseUrl: string,
  table: keyof typeof columns,
  { id }: { id: number },
  zeros: number,
): Promise<void> => {
  const times = Array.from({ length: zeros }, (_, n) => `cross join ${digits} as times${n}`).join(' ')
  const copies = `select ${columns[table]} from ${table} ${times} where id = ${id}`
  return execute(databaseUrl, `insert into ${table} (${columns[table]}) ${copies}`)
}
