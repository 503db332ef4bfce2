import { stringify } from 'csv-stringify/sync'
import { exportedComments } from '../comments/export.ts'
import { presentCompletion } from '../completions/schemas.ts'
import { listCompletions } from '../completions/store.ts'
import type { Database } from '../database/database.ts'
import type { Feed } from '../http/versions.ts'
import { presentLabel } from '../labels/schemas.ts'
import { listLabels } from '../labels/store.ts'
import { presentProject } from '../projects/schemas.ts'
import { allProjects } from '../projects/store.ts'
import { presentTask } from '../tasks/schemas.ts'
import { archivedShelf, listedShelves, trashShelf } from '../tasks/shelves.ts'
import type { TaskRow } from '../tasks/table.ts'
import { formatTime } from '../values/times.ts'
import { wallOf } from '../values/walls.ts'
import { namesOf } from './names.ts'
import { csvColumns, guarded } from './records.ts'
import { pagesOfTasks } from './streams.ts'

type Owner = Feed & { readonly id: number }

const everyShelf = [...listedShelves, archivedShelf, trashShelf]

/** Everything about the tasks, the trash and the ledger too, page by page. */
export async function* jsonText(db: Database, user: Owner): AsyncGenerator<string> {
  const projects = (await allProjects(db, user.id)).map((row) => presentProject(row, user))
  const labels = (await listLabels(db, user.id)).map((row) => presentLabel(row, user))
  const head = { version: 1, exported_at: formatTime(Date.now()), projects, labels }
  yield `${JSON.stringify(head).slice(0, -1)},"tasks":[`
  let separator = ''
  for await (const rows of pagesOfTasks(db, user.id, everyShelf)) {
    const names = await namesOf(db, user.id, rows)
    for (const row of rows) {
      const { uid, parentUid = null } = names.get(row.id)!
      const task = presentTask(row, user)
      yield separator + JSON.stringify({ ...task, uid, parent_uid: parentUid, series: seriesOf(row) })
      separator = ','
    }
  }
  yield ']'
  const completions = (cursor?: string) => listCompletions(db, user.id, { limit: 100, cursor })
  yield* member('completions', completions, presentCompletion)
  const comments = (cursor?: string) =>
    exportedComments.readPage(db, user.id, { limit: 100, ...(cursor && { cursor }) })
  yield* member('comments', comments, (row) => exportedComments.present(row, { ...user, sessionId: 0 }))
  yield '}'
}

const seriesOf = ({ rrule, dueZone, anchorKey, occurrenceKey, occurrence }: TaskRow) =>
  rrule === null
    ? null
    : { first: wallOf(anchorKey!, dueZone), current: wallOf(occurrenceKey!, dueZone), number: occurrence! }

async function* member<R>(
  name: string,
  read: (cursor?: string) => Promise<{ items: R[]; next: string | undefined }>,
  present: (row: R) => object,
): AsyncGenerator<string> {
  yield `,"${name}":[`
  let separator = ''
  for (let cursor: string | undefined, isOver = false; !isOver; ) {
    const { items, next } = await read(cursor)
    for (const row of items) {
      yield separator + JSON.stringify(present(row))
      separator = ','
    }
    cursor = next
    isOver = next === undefined
  }
  yield ']'
}

/** The tasks that are listed, as a table. */
export async function* csvText(db: Database, user: Owner): AsyncGenerator<string> {
  const projects = new Map((await allProjects(db, user.id)).map((row) => [row.id, row]))
  yield `${csvColumns.join()}\r\n`
  for await (const rows of pagesOfTasks(db, user.id)) {
    const names = await namesOf(db, user.id, rows)
    const cells = rows.map((row) => {
      const task = presentTask(row, user)
      const { uid, parentUid = '' } = names.get(row.id)!
      const project = projects.get(row.projectId)
      return [
        uid,
        task.title,
        task.description ?? '',
        task.status,
        task.priority,
        task.due?.date ?? task.due?.datetime ?? '',
        task.due?.timezone ?? '',
        task.start?.date ?? task.start?.datetime ?? '',
        task.start?.timezone ?? '',
        String(task.estimated_minutes ?? ''),
        task.labels.join(','),
        project === undefined || project.isInbox ? '' : project.name,
        parentUid,
        task.recurrence?.rrule ?? '',
        task.recurrence?.from ?? '',
        task.created_at,
        task.completed_at ?? '',
      ].map(guarded)
    })
    yield stringify(cells, { record_delimiter: 'windows' })
  }
}
