import { type TObject, Type } from '@sinclair/typebox'
import { defaulted, Id, ref, words } from '../http/schemas.ts'
import type { Synced } from './sources.ts'

const maxChanges = 500

const SyncToken = Type.String({
  pattern: '^[\\w-]{7,200}$',
  maxLength: 200,
  description: 'How far your copy has come. It is opaque.',
  examples: ['MS4xLjE'],
})

export const SyncQuery = Type.Object(
  {
    sync_token: Type.Optional({
      ...SyncToken,
      description: 'The `sync_token` of the previous answer; without it, everything is sent.',
    }),
    limit: defaulted(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: maxChanges,
        default: maxChanges,
        description:
          'The maximum number of changes in the answer. An answer of long items ends early, at about a megabyte.',
        examples: [500],
      }),
    ),
    open_only: defaulted(
      Type.Boolean({
        default: false,
        description:
          'Without a token: whether tasks that are completed or cancelled are left out. Later changes to them are sent.',
        examples: [false],
      }),
    ),
  },
  { additionalProperties: false },
)

/** What is synced, each in its own member, and what is gone. */
export const SyncAnswer = (synced: readonly Synced[]) => {
  const members = synced.map(({ name, items }) => [
    name,
    Type.Array(ref(items as TObject), { maxItems: maxChanges, description: `The ${name} that are new or changed.` }),
  ])
  return Type.Object(
    {
      sync_token: SyncToken,
      full_sync: Type.Boolean({
        description: 'Whether this belongs to a copy that starts from nothing, because you sent no token.',
        examples: [false],
      }),
      has_more: Type.Boolean({
        description: 'Whether there is more: call again immediately, with the new token.',
        examples: [false],
      }),
      ...Object.fromEntries(members),
      deleted: Type.Array(
        Type.Object(
          {
            type: words(
              synced.map(({ type }) => type),
              { description: 'What it was.' },
            ),
            id: Id(),
          },
          { additionalProperties: false },
        ),
        { maxItems: maxChanges, description: 'What to remove from your copy.' },
      ),
    },
    { additionalProperties: false, description: 'Changes.' },
  )
}
