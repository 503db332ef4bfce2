import { type Static, Type } from '@sinclair/typebox'
import { orderFields } from '../http/orders.ts'
import { Color, Etag, Id, Timestamp } from '../http/schemas.ts'
import { type Feed, versionTag } from '../http/versions.ts'
import { formatTime } from '../values/times.ts'
import { maxNameLength } from './names.ts'
import type { LabelRow } from './table.ts'

export const LabelName = Type.String({
  minLength: 1,
  maxLength: maxNameLength,
  pattern: '^[^\\s,]([^,]*[^\\s,])?$',
  description: 'The name of a label: 1 to 60 characters without a comma, with no white space around them.',
  examples: ['errands'],
})

export const Label = Type.Object(
  {
    id: Id(),
    etag: Etag(),
    name: LabelName,
    color: Color,
    position: Type.String({
      pattern: '^[0-9A-Za-z]+$',
      maxLength: 64,
      description: 'Its place among the labels, by the bytes of this text.',
      examples: ['h0V4bXq2k5R'],
    }),
    created_at: Timestamp(),
    updated_at: Timestamp(),
  },
  { $id: 'Label', additionalProperties: false, description: 'A label of tasks.' },
)
export type Label = Static<typeof Label>

export const NewLabel = Type.Object(
  { name: LabelName, color: Type.Optional(Color) },
  { $id: 'NewLabel', additionalProperties: false, description: 'A label to create.' },
)
export type NewLabel = Static<typeof NewLabel>

export const LabelChanges = Type.Partial(NewLabel, {
  $id: 'LabelChanges',
  additionalProperties: false,
  description: 'The fields to change. Absent fields keep their value; null clears a field.',
})
export type LabelChanges = Static<typeof LabelChanges>

export const LabelOrder = Type.Object(orderFields, {
  $id: 'LabelOrder',
  additionalProperties: false,
  description: 'Where to move a label: last, unless one of these says otherwise.',
  examples: [{ first: true }],
})

export const Merge = Type.Object(
  { into: Id({ description: 'The id of the label that its tasks get instead.', examples: [43] }) },
  { $id: 'Merge', additionalProperties: false, description: 'What to merge a label into.' },
)

export const labelTag = versionTag(Label)

export const presentLabel = (row: LabelRow, feed: Feed): Label => ({
  id: row.id,
  etag: labelTag(feed, row),
  name: row.name,
  color: row.color,
  position: row.position,
  created_at: formatTime(row.createdAt),
  updated_at: formatTime(row.updatedAt),
})
