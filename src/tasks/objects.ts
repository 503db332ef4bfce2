/** What files and calendar programs call tasks. */
import type { Database, Row } from '../database/database.ts'
import type { TaskRow } from './table.ts'

type CalendarObjectRow = Row<Database['tables']['calendarObjects']>

/** The uid of a task that no file and no program gave one. */
export const derivedUid = ({ id, createdAt }: Pick<TaskRow, 'id' | 'createdAt'>) => `${id}-${createdAt}@tasks`

/** Whether a text can be a part of an address. */
export const isSegment = (text: string): boolean =>
  text !== '' && text !== '.' && text !== '..' && text.length <= 255 && !/[/\\\p{Cc}]/u.test(text)

/** The name of a task in CalDAV: what a program called it, or its uid. */
export function davNameOf(task: Pick<TaskRow, 'id' | 'createdAt'>, object: CalendarObjectRow | undefined): string {
  if (object?.name != null) return object.name
  const name = `${object?.uid ?? derivedUid(task)}.ics`
  return isSegment(name) ? name : `${derivedUid(task)}.ics`
}

/** Ids in one statement: a fixed number, so that it is built once. */
const idsAtOnce = 50

/** What is kept of these tasks, by their ids. */
export async function objectsOf(
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
