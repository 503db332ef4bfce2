import { setImmediate } from 'node:timers/promises'
import { type Static, Type } from '@sinclair/typebox'
import { sql } from 'drizzle-orm'
import type { Database, Query } from '../database/database.ts'
import { Id, words } from '../http/schemas.ts'
import type { AuthenticatedUser } from '../users/table.ts'
import { dayAfter, noWall, wallTimeAt } from '../values/walls.ts'
import { farthestZoneMs, overdueAt } from './filters.ts'
import { openShelves, trashShelf } from './shelves.ts'
import { priorities, taskStatuses } from './table.ts'

/** Tasks of a kind that are counted: of those still to be done, and of others, which grow for ever. */
const maxOpen = 100_000
const maxOthers = 10_000
/** Tasks that are due about now, whose time zones are looked at one by one. */
const maxAboutNow = 5_000

const Count = (description: string) =>
  Type.Integer({ format: 'int32', minimum: 0, maximum: 2 ** 31 - 1, description, examples: [3] })

const places = [
  ...taskStatuses,
  ...priorities,
  'projects',
  'overdue',
  'due_today',
  'next_7_days',
  'undated',
  'trashed',
] as const
type Place = (typeof places)[number]

export const Summary = Type.Object(
  {
    open: Type.Object(
      { pending: Count('Tasks that are not begun.'), in_progress: Count('Tasks that are being worked on.') },
      { additionalProperties: false, description: 'Tasks that are still to be done, by their status.' },
    ),
    priority: Type.Object(
      Object.fromEntries(priorities.map((name) => [name, Count(`Open tasks of this priority.`)])) as Record<
        (typeof priorities)[number],
        ReturnType<typeof Count>
      >,
      {
        additionalProperties: false,
        description: 'Open tasks by their priority.',
      },
    ),
    projects: Type.Array(
      Type.Object(
        { project_id: Id({ examples: [3] }), open: Count('Open tasks in it.') },
        { additionalProperties: false },
      ),
      { maxItems: 500, description: 'The projects that have open tasks.' },
    ),
    overdue: Count('Open tasks whose `due` is over.'),
    due_today: Count('Open tasks that are due today, overdue or not.'),
    next_7_days: Count('Open tasks that are due from tomorrow to the seventh day from today.'),
    undated: Count('Open tasks without `due`.'),
    completed: Count('Completed tasks.'),
    cancelled: Count('Cancelled tasks.'),
    trashed: Count('Tasks in the trash.'),
    at_least: Type.Array(words(places, { description: 'The name of a count.' }), {
      maxItems: places.length,
      description: `The counts that stopped before the end: there are at least so many. Open tasks are counted to ${maxOpen}, others to ${maxOthers}.`,
      examples: [[]],
    }),
  },
  {
    $id: 'Summary',
    additionalProperties: false,
    description:
      'How many tasks there are. Days are those of the time zone of your account; archived projects do not count.',
  },
)
export type Summary = Static<typeof Summary>

/** Counts from indexes alone, in steps between which others are answered. */
export async function summarize(
  db: Database,
  { id: userId, timezone }: AuthenticatedUser,
  now: number,
): Promise<Summary> {
  const { tasks } = db.tables
  const atLeast = new Set<Place>()
  const cut = (place: Place, count: number, max: number): number => {
    if (count > max) atLeast.add(place)
    return Math.min(count, max)
  }
  const count = async (place: Place, shelf: readonly number[], among: object = {}, max = maxOpen) =>
    cut(
      place,
      await db.count(tasks, { equal: { userId }, among: { shelf, ...among }, ...byPriority, limit: max + 1 }),
      max,
    )
  const countDue = async (place: Place, from: string, before?: string) =>
    cut(
      place,
      await db.count(tasks, {
        equal: { userId },
        among: { shelf: openShelves },
        ...byDue,
        range: { from, before },
        limit: maxOpen + 1,
      }),
      maxOpen,
    )

  const [pending, inProgress, completed, cancelled, trashed] = await Promise.all([
    count('pending', [0]),
    count('in_progress', [1]),
    count('completed', [2], {}, maxOthers),
    count('cancelled', [3], {}, maxOthers),
    count('trashed', [trashShelf], {}, maxOthers),
  ])
  await setImmediate()
  const ranks = await Promise.all(priorities.map((name, rank) => count(name, openShelves, { priorityRank: [rank] })))
  await setImmediate()
  const today = wallTimeAt(now, timezone).slice(0, 10)
  const tomorrow = dayAfter(today, 1)
  const [dueToday, next7Days, undated, surely] = await Promise.all([
    countDue('due_today', today, tomorrow),
    countDue('next_7_days', tomorrow, dayAfter(today, 8)),
    countDue('undated', noWall),
    countDue('overdue', '', wallTimeAt(now - farthestZoneMs, 'UTC')),
  ])
  await setImmediate()
  const perhaps = await db.list(tasks, {
    columns: ['id', 'dueKey', 'dueAt'],
    equal: { userId },
    among: { shelf: openShelves },
    ...byDue,
    range: { from: wallTimeAt(now - farthestZoneMs, 'UTC'), before: wallTimeAt(now + farthestZoneMs, 'UTC') },
    limit: maxAboutNow + 1,
  })
  cut('overdue', perhaps.length, maxAboutNow)
  const projects = await db.all(openByProject, { userId })
  cut(
    'projects',
    projects.reduce((sum, { open }) => sum + open, 0),
    maxOpen,
  )

  return {
    open: { pending: pending!, in_progress: inProgress! },
    priority: Object.fromEntries(priorities.map((name, rank) => [name, ranks[rank]!])) as Summary['priority'],
    projects: projects.map(({ projectId, open }) => ({ project_id: projectId, open })),
    overdue: surely + perhaps.filter(overdueAt(now, timezone)).length,
    due_today: dueToday,
    next_7_days: next7Days,
    undated,
    completed: completed!,
    cancelled: cancelled!,
    trashed: trashed!,
    at_least: [...atLeast],
  }
}

const byPriority = { order: ['priorityRank', 'dueKey', 'id'], index: 'tasks_user_priority_idx' } as const
const byDue = { order: ['dueKey', 'id'], index: 'tasks_user_due_idx' } as const

const openByProject: Query<{ projectId: number; open: number }, { userId: number }> = ({
  select,
  parameter,
  tables: { projects },
}) =>
  select({ projectId: sql<number>`found.project_id`.mapWith(Number), open: sql<number>`count(*)`.mapWith(Number) })
    .from(
      sql`(select tasks.project_id from projects join tasks on tasks.project_id = projects.id where projects.user_id = ${parameter(projects.userId, 'userId')} and tasks.shelf in (${sql.raw(openShelves.join())}) limit ${sql.raw(String(maxOpen + 1))}) as found`,
    )
    .groupBy(sql`found.project_id`)
    .orderBy(sql`found.project_id`)
