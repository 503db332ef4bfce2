import { type TSchema, Type } from '@sinclair/typebox'
import { ref, Timestamp } from '../http/schemas.ts'
import { User } from '../users/schemas.ts'
import type { ExportMember } from './members.ts'

export const Export = (members: readonly ExportMember[]) =>
  Type.Object(
    {
      exported_at: Timestamp({ description: 'When the export began.' }),
      account: ref(User),
      ...Object.fromEntries(members.map((member) => [member.name, listOf(member)])),
    },
    {
      $id: 'Export',
      additionalProperties: false,
      description:
        'Everything in an account except its password and the secrets of tokens. Lists are complete, newest first.',
    },
  )

const listOf = ({ items, maxItems }: ExportMember): TSchema =>
  Type.Array(isNamed(items) ? ref(items) : items, maxItems === undefined ? {} : { maxItems })

/** Whether the schema is a component of the document. */
export const isNamed = (schema: TSchema): boolean => schema.$id !== undefined
