/** Projects as the task lists of calendar programs. */
import { eq } from 'drizzle-orm'
import type { Change } from '../changes/change.ts'
import type { Database, Query } from '../database/database.ts'
import { anyVersion } from '../http/versions.ts'
import { allProjects, changeProject, createProject } from '../projects/store.ts'
import type { ProjectRow } from '../projects/table.ts'
import type { ProjectViewRow } from './table.ts'
import { apple, dav } from './xml.ts'

export interface DavList {
  readonly project: ProjectRow
  readonly view: ProjectViewRow | undefined
  /** Its part of the address. */
  readonly segment: string
}

/** Those in use: archived projects and those in the trash are no lists. */
export async function listsOf(db: Database, userId: number): Promise<DavList[]> {
  const projects = await allProjects(db, userId)
  const views = new Map((await db.all(viewsOf, { userId })).map((view) => [view.projectId, view]))
  return projects
    .filter(({ archivedAt, deletedAt }) => archivedAt === null && deletedAt === null)
    .map((project) => {
      const view = views.get(project.id)
      return { project, view, segment: view?.davName ?? String(project.id) }
    })
}

const viewsOf: Query<ProjectViewRow, { userId: number }> = ({ select, parameter, tables: { projectViews: views } }) =>
  select()
    .from(views)
    .where(eq(views.userId, parameter(views.userId, 'userId')))

/** Names that programs chose stand before ids, which may be the same text. */
export const listAt = (lists: readonly DavList[], segment: string): DavList | undefined =>
  lists.find(({ view }) => view?.davName === segment) ??
  lists.find(({ view, project }) => view?.davName == null && String(project.id) === segment)

/** Properties to set, or with null to remove, by `{namespace}name`. */
export type PropertyChanges = ReadonlyMap<string, string | null>

export const propertyKey = (namespace: string, name: string): string => `{${namespace}}${name}`
const displayName = propertyKey(dav, 'displayname')
const calendarColor = propertyKey(apple, 'calendar-color')

export const propertiesOf = ({ view }: Pick<DavList, 'view'>): Record<string, string> =>
  view?.davProperties == null ? {} : JSON.parse(view.davProperties)

const maxPropertiesLength = 8 * 1024

/** Whether there is room for the properties that have no field. */
export const hasRoomFor = (list: Pick<DavList, 'view'>, changes: PropertyChanges): boolean =>
  JSON.stringify(propertiesAfter(list, changes)).length <= maxPropertiesLength

function propertiesAfter(list: Pick<DavList, 'view'>, changes: PropertyChanges): Record<string, string> {
  const properties = propertiesOf(list)
  for (const [key, value] of changes) {
    if (key === displayName) continue
    if (value === null) delete properties[key]
    else properties[key] = value
  }
  return properties
}

/** What a list is called; undefined for what is no name of a project. */
export const nameIn = (changes: PropertyChanges): string | undefined => {
  const name = changes.get(displayName)?.trim()
  return name === undefined || name === '' || name.length > 120 || name.includes('\0') ? undefined : name
}

/** Programs write opacity, too: `#RRGGBBAA`. */
export const rgbOf = (color: string): string | null => /^#[0-9a-f]{6}/i.exec(color.trim())?.[0].toLowerCase() ?? null

/** Makes a project at an address that a program chose. Throws TooManyProjects. */
export async function makeList(change: Change, segment: string, changes: PropertyChanges): Promise<void> {
  const color = changes.get(calendarColor)
  const project = await createProject(change, {
    name: nameIn(changes) ?? segment.slice(0, 120),
    color: color == null ? null : rgbOf(color),
  })
  await keepView(change, project.id, segment, propertiesAfter({ view: undefined }, changes))
}

/** Changes the properties of a list. Throws ProjectNotFound. */
export async function changeList(change: Change, list: DavList, changes: PropertyChanges): Promise<void> {
  const { tx, userId, seq, now } = change
  const { id } = list.project
  const name = nameIn(changes)
  const color = changes.get(calendarColor)
  await changeProject(
    change,
    id,
    {
      ...(name !== undefined && { name }),
      ...(color !== undefined && { color: color === null ? null : rgbOf(color) }),
    },
    anyVersion,
  )
  // Those who follow by its number see properties change, too.
  await tx.updateOne(tx.tables.projects, { id, userId }, { updatedAt: now, changeSeq: seq })
  await keepView(change, id, list.view?.davName ?? null, propertiesAfter(list, changes))
}

async function keepView(
  { tx, userId }: Change,
  projectId: number,
  davName: string | null,
  properties: Record<string, string>,
): Promise<void> {
  const { projectViews } = tx.tables
  const davProperties = Object.keys(properties).length === 0 ? null : JSON.stringify(properties)
  await tx.deleteMany(projectViews, { userId, projectId })
  await tx.insertMany(projectViews, [{ userId, projectId, davName, davProperties }])
}
