import type { Database } from '../database/database.ts'
import { davNameOf, derivedUid, objectsOf } from '../tasks/objects.ts'
import { tasksWithIds } from '../tasks/store.ts'
import type { TaskRow } from '../tasks/table.ts'
import type { Named } from './ical.ts'

/** What files call these tasks and their parents, and what files said of them. */
export async function namesOf(db: Database, userId: number, rows: readonly TaskRow[]): Promise<Map<number, Named>> {
  const known = new Map(rows.map((row) => [row.id, row]))
  const parentIds = rows.flatMap(({ parentId }) => (parentId === null || known.has(parentId) ? [] : [parentId]))
  for (const row of await tasksWithIds(db, userId, [...new Set(parentIds)])) known.set(row.id, row)
  const objects = await objectsOf(db, userId, [...known.keys()])
  const uidOf = (row: TaskRow) => objects.get(row.id)?.uid ?? derivedUid(row)
  const named = (row: TaskRow): Named => {
    const object = objects.get(row.id)
    const parent = row.parentId === null ? undefined : known.get(row.parentId)
    return {
      uid: uidOf(row),
      parentUid: parent ? uidOf(parent) : (object?.parentUid ?? undefined),
      name: davNameOf(row, object),
      source: object?.source ?? null,
      sourceSeq: object?.sourceSeq ?? null,
    }
  }
  return new Map(rows.map((row) => [row.id, named(row)]))
}

/** The task that a file calls so: one that was imported, or one of ours that was exported. */
export async function lookUpKnown(db: Database, userId: number, uid: string | undefined): Promise<TaskRow | undefined> {
  if (uid === undefined || uid.length > 255) return undefined
  const object = await db.find(db.tables.calendarObjects, { userId, uid })
  const id = object?.taskId ?? Number(/^([1-9]\d{0,14})-\d+@tasks$/.exec(uid)?.[1] ?? 0)
  const task = id === 0 ? undefined : await db.find(db.tables.tasks, { id, userId })
  return task !== undefined && (object !== undefined || derivedUid(task) === uid) ? task : undefined
}
