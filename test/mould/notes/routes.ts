import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nextLink, PageQuery, page } from '../http/paging.ts'
import { PreconditionFailed } from '../http/problems.ts'
import { failures, nothing, result } from '../http/responses.ts'
import { IdParams, ref } from '../http/schemas.ts'
import { IfMatch, preconditionOf, versionTag } from '../http/versions.ts'
import { NoteNameTaken, NoteNotFound } from './problems.ts'
import { NewNote, Note, presentNote } from './schemas.ts'
import { createNote, deleteNote, findNote, listNotes, renameNote } from './store.ts'

export const notesTag = { name: 'notes', description: 'Your notes.' }

export const noteRoutes: FastifyPluginAsyncTypebox = async function noteRoutes(app) {
  const { db } = app
  for (const schema of [Note, NewNote]) app.addSchema(schema)
  const tags = [notesTag.name]
  const tagOf = versionTag(Note)

  app.get(
    '/',
    {
      config: { listOf: Note },
      schema: {
        operationId: 'listNotes',
        summary: 'Your notes',
        description: 'Newest first, one page at a time; the `next` link leads to the next page.',
        tags,
        querystring: PageQuery,
        response: { 200: result(page(ref(Note)), 'A page of notes.', 'link') },
      },
    },
    async (request, reply) => {
      const { user, query } = request
      const { items, next } = await listNotes(db, user.id, query)
      reply.headers(nextLink(request, '/notes', query.limit, next))
      return items.map(presentNote)
    },
  )

  app.post(
    '/',
    {
      schema: {
        operationId: 'createNote',
        summary: 'Create a note',
        description: 'Its name must be new.',
        tags,
        body: ref(NewNote),
        response: { 201: result(ref(Note), 'The new note.', 'location', 'etag'), ...failures(NoteNameTaken) },
      },
    },
    async (request, reply) => {
      const { user, body } = request
      const note = await createNote(db, user.id, body)
      reply.code(201).headers({ location: request.linkTo(`/notes/${note.id}`), etag: tagOf(user, note) })
      return presentNote(note)
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getNote',
        summary: 'A note',
        description: 'Answers one of your notes. Notes of others are not found.',
        tags,
        params: IdParams,
        response: { 200: result(ref(Note), 'The note.'), ...failures(NoteNotFound) },
      },
    },
    async ({ user, params }, reply) => {
      const note = await findNote(db, user.id, params.id)
      reply.header('etag', tagOf(user, note))
      return presentNote(note)
    },
  )

  app.put(
    '/:id',
    {
      schema: {
        operationId: 'renameNote',
        summary: 'Rename a note',
        description: 'Its new name must be new.',
        tags,
        params: IdParams,
        headers: IfMatch,
        body: ref(NewNote),
        response: {
          200: result(ref(Note), 'The note.', 'etag'),
          ...failures(NoteNotFound, NoteNameTaken, PreconditionFailed),
        },
      },
    },
    async (request, reply) => {
      const { user, params, body } = request
      const note = await renameNote(db, user.id, params.id, body, preconditionOf(request))
      reply.header('etag', tagOf(user, note))
      return presentNote(note)
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteNote',
        summary: 'Delete a note',
        description: 'For good.',
        tags,
        params: IdParams,
        headers: IfMatch,
        response: { 204: nothing('The note is deleted.'), ...failures(NoteNotFound, PreconditionFailed) },
      },
    },
    async (request, reply) => {
      await deleteNote(db, request.user.id, request.params.id, preconditionOf(request))
      return reply.code(204).send()
    },
  )
}
