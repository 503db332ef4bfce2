import type { Database } from '../database/database.ts'
import { tasksWithIds } from '../tasks/store.ts'
import type { TaskRow } from '../tasks/table.ts'
import { derivedUid, type Named } from './ical.ts'
import type { CalendarObjectRow } from './table.ts'

/** Ids in one statement: a fixed number, so that it is built once. */
const idsAtOnce = 50

/** What files call these tasks and their parents, and what files said of them. */
export async function namesOf(db: Database, userId: number, rows: readonly TaskRow[]): Promise<Map<number, Named>> {
  const known = new Map(rows.map((row) => [row.id, row]))
  const parentIds = rows.flatMap(({ parentId }) => (parentId === null || known.has(parentId) ? [] : [parentId]))
  for (const row of await tasksWithIds(db, userId, [...new Set(parentIds)])) known.set(row.id, row)
  const objects = await objectsOf(db, userId, [...known.keys()])
  const uidOf = (row: TaskRow) => objects.get(row.id)?.uid ?? derivedUid(row)
  const named = (row: TaskRow): Named => {
    const parent = row.parentId === null ? undefined : known.get(row.parentId)
    return { uid: uidOf(row), parentUid: parent && uidOf(parent), source: objects.get(row.id)?.source ?? null }
  }
  return new Map(rows.map((row) => [row.id, named(row)]))
}

async function objectsOf(
  db: Database,
  userId: number,
  ids: readonly number[],
): Promise<Map<number, CalendarObjectRow>> {
  const found = new Map<number, CalendarObjectRow>()
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const some = ids.slice(at, at + idsAtOnce)
    const taskId = [...some, ...Array<number>(idsAtOnce - some.length).fill(some[0]!)]
    const rows = await db.list(db.tables.calendarObjects, {
      equal: { userId },
      within: { taskId },
      limit: idsAtOnce,
      index: 'calendar_objects_task_idx',
    })
    for (const row of rows) found.set(row.taskId, row)
  }
  return found
}
