import { type Static, Type } from '@sinclair/typebox'
import { orderFields } from '../http/orders.ts'
import { Color, defaulted, Etag, Id, nullable, Timestamp } from '../http/schemas.ts'
import { type Feed, versionTag } from '../http/versions.ts'
import { formatTime } from '../values/times.ts'
import type { ProjectRow } from './table.ts'

const Name = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: '\\S',
  description: '1 to 120 characters, at least one of which is not white space.',
  examples: ['Move house'],
})

export const Project = Type.Object(
  {
    id: Id(),
    etag: Etag(),
    name: Name,
    color: Color,
    position: Type.String({
      pattern: '^[0-9A-Za-z]+$',
      maxLength: 64,
      description: 'Its place among the projects, by the bytes of this text.',
      examples: ['h0V4bXq2k5R'],
    }),
    is_inbox: Type.Boolean({
      description: 'Whether it is the Inbox, which has the tasks that are in no other project.',
      examples: [false],
    }),
    archived_at: nullable(Timestamp({ description: 'When it was archived; null if it is not.', examples: [null] })),
    deleted_at: nullable(
      Timestamp({ description: 'When it was moved to the trash; null if it is not there.', examples: [null] }),
    ),
    created_at: Timestamp(),
    updated_at: Timestamp(),
  },
  { $id: 'Project', additionalProperties: false, description: 'A project: a list of tasks.' },
)
export type Project = Static<typeof Project>

export const NewProject = Type.Object(
  { name: Name, color: Type.Optional(Color) },
  { $id: 'NewProject', additionalProperties: false, description: 'A project to create.' },
)
export type NewProject = Static<typeof NewProject>

export const ProjectChanges = Type.Partial(NewProject, {
  $id: 'ProjectChanges',
  additionalProperties: false,
  description: 'The fields to change. Absent fields keep their value; null clears a field.',
})
export type ProjectChanges = Static<typeof ProjectChanges>

export const ProjectOrder = Type.Object(orderFields, {
  $id: 'ProjectOrder',
  additionalProperties: false,
  description: 'Where to move a project: last, unless one of these says otherwise.',
  examples: [{ first: true }],
})

export const ProjectQuery = Type.Object(
  {
    archived: defaulted(
      Type.Boolean({ default: false, description: 'With `true`, the archived projects.', examples: [false] }),
    ),
    trashed: defaulted(
      Type.Boolean({ default: false, description: 'With `true`, the projects in the trash.', examples: [false] }),
    ),
  },
  { additionalProperties: false },
)
export type ProjectQuery = Static<typeof ProjectQuery>

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

export const projectTag = versionTag(Project)

export const presentProject = (row: ProjectRow, feed: Feed): Project => ({
  id: row.id,
  etag: projectTag(feed, row),
  name: row.name,
  color: row.color,
  position: row.position,
  is_inbox: row.isInbox,
  archived_at: timeOrNull(row.archivedAt),
  deleted_at: timeOrNull(row.deletedAt),
  created_at: formatTime(row.createdAt),
  updated_at: formatTime(row.updatedAt),
})
