import { setImmediate } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { readRows } from '../http/paging.ts'
import { listedShelves } from '../tasks/shelves.ts'
import type { TaskRow } from '../tasks/table.ts'
import { calendarFoot, calendarHead, crlf, veventOf, vtimezones, vtodoOf } from './ical.ts'
import { namesOf } from './names.ts'

/** Tasks of a page: all that is held at a time. */
const pageLength = 100

/** The tasks of a user that are listed, oldest first, page by page. */
export async function* pagesOfTasks(
  db: Database,
  userId: number,
  shelves: readonly number[] = listedShelves,
): AsyncGenerator<TaskRow[]> {
  for (let start: Partial<TaskRow> | undefined; ; ) {
    const { items, last } = await readRows<TaskRow>(pageLength, start, (after, limit) =>
      db.list(db.tables.tasks, {
        equal: { userId },
        among: { shelf: shelves },
        after,
        limit,
        index: 'tasks_user_created_idx',
      }),
    )
    yield items
    if (last === undefined) return
    start = { id: last.id }
    await setImmediate()
  }
}

interface Wanted {
  readonly name: string
  /** undefined: of all projects. */
  readonly projectIds?: readonly number[] | undefined
  readonly hasEvents?: boolean
}

/** The tasks as an iCalendar file. */
export async function* calendarText(
  db: Database,
  userId: number,
  { name, projectIds, hasEvents = false }: Wanted,
): AsyncGenerator<string> {
  yield calendarHead(name)
  const told = new Set<string>()
  for await (const page of pagesOfTasks(db, userId)) {
    const rows = projectIds === undefined ? page : page.filter((row) => projectIds.includes(row.projectId))
    const names = await namesOf(db, userId, rows)
    const zones = new Set(
      rows.flatMap(({ dueZone, startZone }) => [dueZone, startZone]).filter((zone) => zone !== null),
    )
    let text = vtimezones(
      [...zones].filter((zone) => !told.has(zone)),
      Date.now(),
    )
    for (const zone of zones) told.add(zone)
    for (const [i, row] of rows.entries()) {
      if (i % 25 === 24) await setImmediate()
      const named = names.get(row.id)!
      text += vtodoOf(row, named) + crlf
      if (hasEvents && row.dueKey !== '~') text += veventOf(row, named.uid) + crlf
    }
    if (text !== '') yield text
  }
  yield calendarFoot
}
