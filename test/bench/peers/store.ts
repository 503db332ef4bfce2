/** The queries of the peers, as one writes them with better-sqlite3. */
import Sqlite from 'better-sqlite3'

export type Status = 'pending' | 'in_progress' | 'completed' | 'cancelled'

export interface TaskInput {
  title?: string
  description?: string | null
  status?: Status
}

interface TaskRow {
  id: number
  title: string
  description: string | null
  status: Status
  user_id: number
  created_at: number
  updated_at: number
  completed_at: number | null
}

export function openStore(file: string) {
  const db = new Sqlite(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')

  const columns = 'id, title, description, status, user_id, created_at, updated_at, completed_at'
  const userOfSession = db.prepare<[number, number, number], { id: number; email: string }>(`
    select users.id, users.email from sessions join users on users.id = sessions.user_id
    where sessions.id = ? and sessions.user_id = ? and sessions.expires_at > ? and users.is_active`)
  const oneTask = db.prepare<[number, number], TaskRow>(`select ${columns} from tasks where id = ? and user_id = ?`)
  const tasksBefore = db.prepare<[number, number, number], TaskRow>(
    `select ${columns} from tasks where user_id = ? and id < ? order by id desc limit ?`,
  )
  const newTask = db.prepare<unknown[], TaskRow>(`
    insert into tasks (user_id, title, description, status, created_at, updated_at, completed_at)
    values (?, ?, ?, ?, ?, ?, ?) returning ${columns}`)
  const changedTask = db.prepare<unknown[], TaskRow>(`
    update tasks set title = ?, description = ?, status = ?, updated_at = ?, completed_at = ?
    where id = ? and user_id = ? returning ${columns}`)

  const change = db.transaction((userId: number, id: number, input: TaskInput) => {
    const task = oneTask.get(id, userId)
    if (!task) return undefined
    const { title, description, status } = { ...task, ...input }
    const now = Date.now()
    const completedAt = status === 'completed' ? (task.completed_at ?? now) : null
    return changedTask.get(title, description, status, now, completedAt, id, userId)
  })

  return {
    userOfSession: (id: number, userId: number) => userOfSession.get(id, userId, Date.now()),
    findTask: (userId: number, id: number) => present(oneTask.get(id, userId)),
    /** The page and where the next one starts. */
    listTasks(userId: number, limit: number, before = Number.MAX_SAFE_INTEGER) {
      const rows = tasksBefore.all(userId, before, limit + 1)
      const items = rows.slice(0, limit)
      return { items: items.map((row) => present(row)), next: rows.length > limit ? items.at(-1)?.id : undefined }
    },
    createTask(userId: number, { title, description = null, status = 'pending' }: TaskInput) {
      const now = Date.now()
      return present(newTask.get(userId, title, description, status, now, now, status === 'completed' ? now : null))
    },
    changeTask: (userId: number, id: number, input: TaskInput) => present(change.immediate(userId, id, input)),
  }
}

const present = (row: TaskRow | undefined) =>
  row && {
    ...row,
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
    completed_at: row.completed_at === null ? null : new Date(row.completed_at).toISOString(),
  }

const statuses: unknown[] = ['pending', 'in_progress', 'completed', 'cancelled'] satisfies Status[]

/** The body of a POST or PATCH if it is valid, by hand. */
export function readInput(body: unknown, isNew: boolean): TaskInput | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const { title, description, status, ...others } = body as Record<string, unknown>
  if (Object.keys(others).length > 0) return undefined
  if (title === undefined ? isNew : typeof title !== 'string' || title.trim() === '' || title.length > 500)
    return undefined
  if (description !== undefined && description !== null && typeof description !== 'string') return undefined
  if (status !== undefined && !statuses.includes(status)) return undefined
  return body
}
