import { setImmediate } from 'node:timers/promises'
import { and, desc, eq, lt } from 'drizzle-orm'
import { presentActivity } from '../audit/schemas.ts'
import { listActivity } from '../audit/store.ts'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { InvalidToken } from '../errors.ts'
import { type Page, pageOf } from '../pages.ts'
import type { PageQuery } from '../schemas.ts'
import type { Session } from '../sessions/schemas.ts'
import { presentTask } from '../tasks/schemas.ts'
import { listTasks } from '../tasks/store.ts'
import { formatTime } from '../times.ts'
import { presentToken } from '../tokens/schemas.ts'
import type { TokenRow } from '../tokens/store.ts'
import { presentUser } from '../users/schemas.ts'
import { lookUpUser, type UserRow } from '../users/store.ts'
import { type Export, exportMailLink } from './schemas.ts'

/** A page of the longest tasks is some megabytes: all that an export holds at a time. */
const limit = 100

/**
 * The text of an Export, a page at a time: no statement stays open between pages, so that writers go on. Throws
 * InvalidToken when the account was deleted meanwhile, since what was read of it may not be whole.
 */
export async function* exportText(db: Database, user: UserRow, sessions: Session[]): AsyncGenerator<string> {
  const head = { exported_at: formatTime(Date.now()), account: presentUser(user), sessions } satisfies Partial<Export>
  yield JSON.stringify(head).slice(0, -1)
  yield* member('tokens', (page) => listTokens(db, user.id, page), presentToken)
  yield* member('mail_links', (page) => listMailLinks(db, user.id, page), exportMailLink)
  yield* member('activity', (page) => listActivity(db, user.id, page), presentActivity)
  yield* member('tasks', (page) => listTasks(db, user.id, page), presentTask)
  if ((await lookUpUser(db, user.id)) === undefined) throw new InvalidToken()
  yield '}'
}

async function* member<R, K extends keyof Export>(
  name: K,
  readPage: (query: PageQuery) => Promise<Page<R>>,
  present: (row: R) => Export[K] extends (infer T)[] ? T : never,
): AsyncGenerator<string> {
  yield `,"${name}":[`
  for (let query: PageQuery | undefined = { limit }, separator = ''; query !== undefined; separator = ',') {
    const { items, next }: Page<R> = await readPage(query)
    if (items.length > 0) yield separator + items.map((row) => JSON.stringify(present(row))).join()
    query = next === undefined ? undefined : { limit, cursor: next }
    await setImmediate() // SQLite and a quick client would else leave no turn to other requests
  }
  yield ']'
}

type MailLinkRow = Row<Tables['mailLinks']>

const listTokens = async (db: Database, userId: number, query: PageQuery): Promise<Page<TokenRow>> =>
  pageOf(await db.all(tokensBefore, { userId, ...bounds(query) }), query.limit)

const listMailLinks = async (db: Database, userId: number, query: PageQuery): Promise<Page<MailLinkRow>> =>
  pageOf(await db.all(mailLinksBefore, { userId, ...bounds(query) }), query.limit)

const bounds = ({ limit, cursor }: PageQuery) => ({
  limit: limit + 1,
  before: Number(cursor ?? Number.MAX_SAFE_INTEGER),
})

const tokensBefore: Query<TokenRow> = ({ select, parameter, limit, tables: { personalAccessTokens: tokens } }) =>
  select()
    .from(tokens)
    .where(and(eq(tokens.userId, parameter(tokens.userId, 'userId')), lt(tokens.id, parameter(tokens.id, 'before'))))
    .orderBy(desc(tokens.id))
    .limit(limit('limit'))

const mailLinksBefore: Query<MailLinkRow> = ({ select, parameter, limit, tables: { mailLinks: links } }) =>
  select()
    .from(links)
    .where(and(eq(links.userId, parameter(links.userId, 'userId')), lt(links.id, parameter(links.id, 'before'))))
    .orderBy(desc(links.id))
    .limit(limit('limit'))
