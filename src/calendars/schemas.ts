import { type Static, Type } from '@sinclair/typebox'
import { Id, Timestamp, words } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import type { CalendarFeedRow } from './table.ts'

const Name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  description: 'What the calendar is called: 1 to 100 characters, at least one of which is not white space.',
  examples: ['My tasks'],
})

const ProjectIds = Type.Array(Id({ examples: [3] }), {
  maxItems: 100,
  description: 'The projects whose tasks are in it; all if empty.',
  examples: [[]],
})

const Include = Type.Array(words(['todos', 'events'], { description: 'What tasks are in a calendar.' }), {
  minItems: 1,
  maxItems: 2,
  uniqueItems: true,
  description:
    'Tasks are to-dos (VTODO); with `events`, those with a date are events, too, for calendars that show no to-dos.',
  examples: [['todos']],
})

export const CalendarFeed = Type.Object(
  {
    id: Id(),
    name: Name,
    last_four: Type.String({
      pattern: '^[\\w-]{4}$',
      maxLength: 4,
      description: 'The last four characters of the token in its address.',
      examples: ['x7Qk'],
    }),
    project_ids: ProjectIds,
    include: Include,
    created_at: Timestamp(),
  },
  {
    $id: 'CalendarFeed',
    additionalProperties: false,
    description:
      'An address at which calendar programs read your tasks without a login. The address is shown only once.',
  },
)
export type CalendarFeed = Static<typeof CalendarFeed>

export const NewCalendarFeed = Type.Object(
  { name: Name, project_ids: Type.Optional(ProjectIds), include: Type.Optional(Include) },
  { $id: 'NewCalendarFeed', additionalProperties: false, description: 'A calendar feed to create.' },
)
export type NewCalendarFeed = Static<typeof NewCalendarFeed>

export const CreatedCalendarFeed = Type.Object(
  {
    ...CalendarFeed.properties,
    url: Type.String({
      format: 'uri-reference',
      maxLength: 1000,
      description:
        'The address for calendar programs. Whoever has it can read your tasks; delete the feed to revoke it.',
      examples: ['/calendar-feeds/tmf_4fzN8LmA2qV0yC3dS6gH9jK1lP5oI7uY8tR2eW3qZ0x.ics'],
    }),
  },
  { $id: 'CreatedCalendarFeed', additionalProperties: false, description: 'A calendar feed, with its address.' },
)

export const projectIdsOf = ({ projectIds }: Pick<CalendarFeedRow, 'projectIds'>): number[] =>
  projectIds === null ? [] : JSON.parse(projectIds)

export const presentCalendarFeed = (row: CalendarFeedRow): CalendarFeed => ({
  id: row.id,
  name: row.name,
  last_four: row.lastFour,
  project_ids: projectIdsOf(row),
  include: row.hasEvents ? ['todos', 'events'] : ['todos'],
  created_at: formatTime(row.createdAt),
})
