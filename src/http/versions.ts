import { hash } from 'node:crypto'
import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { PreconditionFailed } from './problems.ts'

/** Whose feed a version belongs to: the account that asks. */
export interface Feed {
  readonly feedSeq: number
  readonly feedEpoch: number
}

/** A row that carries the number of the write that changed it last. */
export interface Versioned {
  readonly id: number
  readonly changeSeq: number
}

/**
 * The strong ETag of what one row is answered as (RFC 9110, section 8.8): `"<epoch>-<number>-<shape>"`. The shape is a
 * hash of the schema, so that a release which adds a field does not answer 304 for ever.
 */
export function versionTag(schema: TSchema): (feed: Feed, row: Pick<Versioned, 'changeSeq'>) => string {
  const shape = shapeOf(schema)
  return ({ feedEpoch }, { changeSeq }) => `"${feedEpoch.toString(36)}-${changeSeq.toString(36)}-${shape}"`
}

/** The strong ETag of a list, which changes with every write of its owner: known before the list is read. */
export function listTag(schema: TSchema): (request: FastifyRequest) => string {
  const shape = shapeOf(schema)
  return ({ user: { id, feedEpoch, feedSeq }, url }) =>
    `"${feedEpoch.toString(36)}-${feedSeq.toString(36)}-${shape}${hash('sha1', `${id} ${url}`, 'base64url')}"`
}

const shapeOf = (schema: TSchema) => hash('sha256', JSON.stringify(schema), 'base64url').slice(0, 6)

/** Whether If-None-Match names the tag, compared weakly; `*` names every tag. */
export const isTagNamed = (header: string | undefined, tag: string): boolean =>
  header !== undefined && (header === '*' || header.split(',').some((item) => item.trim().replace(/^W\//, '') === tag))

/** The header of writes that must not overwrite what their sender has not seen. */
export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      maxLength: 1000,
      pattern: '^[ -~]*$',
      description:
        'The ETag that you read, a list of ETags, or `*`. If the ETag of the resource is now a different one, nothing is changed and the answer is 412 (RFC 9110, section 13.1.1).',
      examples: ['"1-2a-x7Qk3w"'],
    }),
  ),
})

/** What the sender of a write expects. Throws PreconditionFailed for a version that If-Match does not name. */
export type Precondition = (row: Versioned) => void

export const anyVersion: Precondition = () => {}

/** Of If-Match. */
export function preconditionOf({ headers, user }: FastifyRequest): Precondition {
  const header = headers['if-match']?.trim()
  return header === undefined || header === '*' ? anyVersion : versionNamed(header, user)
}

/** Of a list of tags. Epoch and number are compared, not the shape; a weak tag never matches. */
export function versionNamed(tags: string, { feedEpoch }: Pick<Feed, 'feedEpoch'>): Precondition {
  const versions = tags.split(',').map((tag) => /^"(\w+-\w+)-[\w-]+"$/.exec(tag.trim())?.[1])
  return ({ changeSeq }) => {
    if (!versions.includes(`${feedEpoch.toString(36)}-${changeSeq.toString(36)}`)) throw new PreconditionFailed()
  }
}
