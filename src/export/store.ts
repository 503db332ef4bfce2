import { setImmediate } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Page, PageQuery } from '../http/paging.ts'
import { InvalidToken } from '../http/problems.ts'
import { presentUser } from '../users/schemas.ts'
import { lookUpUser } from '../users/store.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { formatTime } from '../values/times.ts'
import type { ExportMember } from './members.ts'

/** A page of the longest tasks is some megabytes: all that an export holds at a time. */
const limit = 100

/**
 * Begins the text of an Export and resolves when its first page is read: a database that fails before that is answered
 * as a problem, not as a broken document.
 */
export async function beginExport(
  db: Database,
  members: readonly ExportMember[],
  user: AuthenticatedUser,
  sessionId: number,
): Promise<AsyncIterable<string>> {
  const text = exportText(db, members, user, sessionId)
  const { value } = await text.next()
  return (async function* () {
    yield value
    yield* text
  })()
}

/**
 * One page at a time: no statement stays open between pages, so that writers go on. Throws InvalidToken when the account
 * has been deleted since, because what was read of it may not be whole.
 */
async function* exportText(
  db: Database,
  members: readonly ExportMember[],
  user: AuthenticatedUser,
  sessionId: number,
): AsyncGenerator<string> {
  let head = JSON.stringify({ exported_at: formatTime(Date.now()), account: presentUser(user) }).slice(0, -1)
  for (const member of members) {
    for await (const text of memberText(db, member, user, sessionId)) {
      yield head + text
      head = ''
    }
  }
  if ((await lookUpUser(db, user.id)) === undefined) throw new InvalidToken()
  yield `${head}}`
}

async function* memberText(
  db: Database,
  { name, readPage, present }: ExportMember,
  { id: userId, ...feed }: AuthenticatedUser,
  sessionId: number,
): AsyncGenerator<string> {
  let opening = `,"${name}":[`
  for (let query: PageQuery | undefined = { limit }; query !== undefined; ) {
    const { items, next }: Page<unknown> = await readPage(db, userId, query)
    const text = items.map((row) => JSON.stringify(present(row, { ...feed, sessionId }))).join()
    if (opening !== ',' || text !== '') yield opening + text
    opening = ','
    query = next === undefined ? undefined : { limit, cursor: next }
    await setImmediate() // otherwise SQLite and a quick client leave no turn to other requests
  }
  yield ']'
}
