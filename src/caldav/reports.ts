/** What is read of many tasks at once: a list's contents, and the reports about them. */
import { setImmediate } from 'node:timers/promises'
import { type Changed, readSpan } from '../changes/spans.ts'
import { findFeed } from '../changes/store.ts'
import { readRows } from '../http/paging.ts'
import { archivedShelf, listedShelves, trashShelf } from '../tasks/shelves.ts'
import { tasksWithIds } from '../tasks/store.ts'
import type { TaskRow } from '../tasks/table.ts'
import { filterIn } from './filters.ts'
import type { DavList } from './lists.ts'
import { type DavObject, findObjects, isIn, textOf, withNames } from './objects.ts'
import { invalidSyncToken } from './problems.ts'
import {
  type Asker,
  listHref,
  objectHref,
  partsOf,
  responseXml,
  statusResponse,
  syncTokenOf,
  type Wanted,
} from './resources.ts'
import { cal, childOf, childrenOf, dav, element, escapeXml, type XmlNode } from './xml.ts'

/** Tasks that are read, and written as XML, before others have their turn. */
const pageLength = 50

/** The tasks of a list, page by page. */
async function* pagesOf({ db, user }: Asker, { project }: DavList): AsyncGenerator<DavObject[]> {
  for (let start: Partial<TaskRow> | undefined; ; ) {
    const { items, last } = await readRows<TaskRow>(pageLength, start, (after, limit) =>
      db.list(db.tables.tasks, {
        equal: { projectId: project.id },
        among: { shelf: listedShelves },
        after,
        limit,
        index: 'tasks_project_created_idx',
      }),
    )
    yield await withNames(db, user.id, items)
    if (last === undefined) return
    start = { id: last.id }
    await setImmediate()
  }
}

/** PROPFIND at depth 1: what is in a list. */
export async function* contentsXml(asker: Asker, list: DavList, wanted: Wanted): AsyncGenerator<string> {
  for await (const objects of pagesOf(asker, list)) {
    yield objects.map((object) => responseXml(asker, { kind: 'task', list, object }, wanted)).join('')
  }
}

/** calendar-query (RFC 4791, section 7.8). */
export async function* queryXml(asker: Asker, list: DavList, query: XmlNode, wanted: Wanted): AsyncGenerator<string> {
  const meets = filterIn(query)
  for await (const objects of pagesOf(asker, list)) {
    const matches = meets === undefined ? objects : objects.filter((object) => meets(textOf(object)))
    yield matches.map((object) => responseXml(asker, { kind: 'task', list, object }, wanted)).join('')
  }
}

/** Addresses of one calendar-multiget. */
const maxHrefs = 1000

/** calendar-multiget (RFC 4791, section 7.9). */
export async function* multigetXml(
  asker: Asker,
  list: DavList,
  query: XmlNode,
  wanted: Wanted,
): AsyncGenerator<string> {
  const hrefs = childrenOf(query, dav, 'href')
    .slice(0, maxHrefs)
    .map(({ text }) => text.trim())
  for (let at = 0; at < hrefs.length; at += pageLength) {
    const some = hrefs.slice(at, at + pageLength).map((href) => ({ href, name: nameIn(asker, list, href) }))
    const names = some.flatMap(({ name }) => name ?? [])
    const objects = await findObjects(asker.db, asker.user.id, list.project.id, names)
    yield some
      .map(({ href, name }) => {
        const object = name === undefined ? undefined : objects.get(name)
        return object === undefined
          ? statusResponse(href, '404 Not Found')
          : responseXml(asker, { kind: 'task', list, object }, wanted)
      })
      .join('')
    await setImmediate()
  }
}

/** The name that an address has in a list; undefined for one of another list. */
function nameIn({ prefix, user }: Asker, { segment }: DavList, href: string): string | undefined {
  const path = URL.canParse(href, 'http://x') ? new URL(href, 'http://x').pathname : ''
  if (!path.startsWith(prefix)) return undefined
  const [owner, ofList, name] = partsOf(path.slice(prefix.length)) ?? []
  return owner === String(user.id) && ofList === segment ? name : undefined
}

/** Something that changed, at its number: a task, or the name of one that is gone. */
interface Entry {
  readonly changeSeq: number
  readonly id?: number
  readonly name?: string
}

/** Changes of one answer, if the program asks for fewer or says nothing. */
const maxChanges = 10_000

/**
 * sync-collection (RFC 6578): what changed in a list since a token, up to now, in the order of its owner's feed. A row that
 * changes meanwhile comes again. Throws DavRefusal for a token that has expired.
 */
export async function syncXml(
  asker: Asker,
  list: DavList,
  query: XmlNode,
  wanted: Wanted,
): Promise<AsyncGenerator<string>> {
  const { db, user } = asker
  const token = childOf(query, dav, 'sync-token')?.text.trim() ?? ''
  const since = token === '' ? 0 : seqIn(token, user.feedEpoch, user.feedSeq)
  const asked = Number(childOf(childOf(query, dav, 'limit'), dav, 'nresults')?.text)
  const limit = asked >= 1 ? Math.min(asked, maxChanges) : maxChanges
  const changed = await changesSince(asker, list, since, limit)
  // After the deletions were read: those that were forgotten before that are missed no more.
  if (since > 0 && since < (await findFeed(db, user.id)).prunedSeq) throw invalidSyncToken()
  const entries = changed.toSorted((a, b) => a.changeSeq - b.changeSeq)
  let end = Math.min(limit, entries.length)
  // A token cannot stand inside of a number.
  while (end > 0 && end < entries.length && entries[end]!.changeSeq === entries[end - 1]!.changeSeq) end++
  const isCut = end < entries.length
  return answer(asker, list, entries.slice(0, end), wanted, {
    isCut,
    seq: isCut ? entries[end - 1]!.changeSeq : user.feedSeq,
  })
}

function seqIn(token: string, feedEpoch: number, feedSeq: number): number {
  const match = /^data:,(\d{1,16})-(\d{1,16})$/.exec(token)
  const [epoch, seq] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || epoch !== feedEpoch || seq > feedSeq) throw invalidSyncToken()
  return seq
}

/** At least the first `limit` changes after a number. */
async function changesSince({ db, user }: Asker, { project }: DavList, since: number, limit: number): Promise<Entry[]> {
  const before = user.feedSeq + 1
  const read = async <R extends Changed>(
    page: (after: Changed) => Promise<{ items: R[]; last: R | undefined }>,
    entryOf: (row: R) => Entry | undefined,
  ): Promise<Entry[]> => {
    const entries: Entry[] = []
    let seqs = 0
    for (let after: Changed = { changeSeq: since, id: Number.MAX_SAFE_INTEGER }; ; ) {
      const { items, last } = await page(after)
      for (const row of items) {
        const entry = entryOf(row)
        if (entry === undefined) continue
        // Beyond the limit, only what shares the number of the last one.
        if (entries.length > limit && entry.changeSeq !== seqs) return entries
        seqs = entry.changeSeq
        entries.push(entry)
      }
      if (last === undefined) return entries
      after = last
    }
  }
  const { tasks, deletions } = db.tables
  // A first pass has nothing to forget.
  const shelf = since === 0 ? listedShelves : [...listedShelves, archivedShelf, trashShelf]
  const [changed, gone] = [
    await read(
      (after) => readSpan(db, tasks, 'tasks_user_changed_idx', user.id, { after, before, limit: 500 }, { shelf }),
      ({ id, projectId, changeSeq }) => (projectId === project.id ? { id, changeSeq } : undefined),
    ),
    since === 0
      ? []
      : await read(
          (after) => readSpan(db, deletions, 'deletions_user_changed_idx', user.id, { after, before, limit: 500 }),
          ({ projectId, name, changeSeq }) =>
            projectId === project.id && name !== null ? { name, changeSeq } : undefined,
        ),
  ]
  return [...changed, ...gone]
}

async function* answer(
  asker: Asker,
  list: DavList,
  entries: readonly Entry[],
  wanted: Wanted,
  { isCut, seq }: { isCut: boolean; seq: number },
): AsyncGenerator<string> {
  const { db, user } = asker
  const told = new Set<string>()
  for (let at = 0; at < entries.length; at += pageLength) {
    const some = entries.slice(at, at + pageLength)
    const rows = await tasksWithIds(
      db,
      user.id,
      some.flatMap(({ id }) => id ?? []),
    )
    const objects = new Map((await withNames(db, user.id, rows)).map((object) => [object.row.id, object]))
    const names = some.flatMap(({ name }) => name ?? [])
    const there = await findObjects(db, user.id, list.project.id, names)
    let text = ''
    for (const { id, name } of some) {
      const object = id === undefined ? there.get(name!) : objects.get(id)
      const called = object?.named.name ?? name
      if (called === undefined || told.has(called)) continue
      told.add(called)
      text +=
        object !== undefined && isIn(list.project.id, object.row)
          ? responseXml(asker, { kind: 'task', list, object }, wanted)
          : statusResponse(objectHref(asker, list.segment, called), '404 Not Found')
    }
    yield text
    await setImmediate()
  }
  if (isCut) {
    const reason = element(dav, 'error', element(dav, 'number-of-matches-within-limits'))
    yield statusResponse(listHref(asker, list.segment), '507 Insufficient Storage', reason)
  }
  yield element(dav, 'sync-token', escapeXml(syncTokenOf(user.feedEpoch, seq)))
}

/** Which report a body asks for. */
export const reportOf = ({ namespace, name }: XmlNode): 'query' | 'multiget' | 'sync' | undefined => {
  if (namespace === cal && name === 'calendar-query') return 'query'
  if (namespace === cal && name === 'calendar-multiget') return 'multiget'
  return namespace === dav && name === 'sync-collection' ? 'sync' : undefined
}
