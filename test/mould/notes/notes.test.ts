import { expect } from 'vitest'
import { test } from './support/app.ts'

test('a name that is taken is a 409, another person’s is free', async ({ as }) => {
  const ann = as('ann')
  const first = await ann.post('/notes', { name: 'One' })
  const second = await ann.post('/notes', { name: 'Two' })

  const created = await ann.post('/notes', { name: 'One' })
  const renamed = await ann.put(`/notes/${second.json().id}`, { name: 'One' })

  expect([first.statusCode, created.statusCode, renamed.statusCode]).toEqual([201, 409, 409])
  expect([created.json().code, renamed.json().code]).toEqual(['NOTE_NAME_TAKEN', 'NOTE_NAME_TAKEN'])
  expect((await as('bob').post('/notes', { name: 'One' })).statusCode).toBe(201)
})

test('a note is changed in the version that was read, and in no other', async ({ as }) => {
  const eve = as('eve')
  const created = await eve.post('/notes', { name: 'Mine' })
  const { id } = created.json()
  const ifMatch = { 'if-match': String(created.headers.etag) }

  const statuses = [
    (await eve.put(`/notes/${id}`, { name: 'Ours' }, ifMatch)).statusCode,
    (await eve.put(`/notes/${id}`, { name: 'Theirs' }, ifMatch)).statusCode,
    (await eve.delete(`/notes/${id}`, undefined, ifMatch)).statusCode,
  ]

  expect(statuses).toEqual([200, 412, 412])
  expect((await eve.get(`/notes/${id}`)).json().name).toBe('Ours')
})

test('a note is exported', async ({ as }) => {
  const cat = as('cat')
  const note = (await cat.post('/notes', { name: 'Mine' })).json()

  const { notes } = (await cat.get('/users/me/export')).json()

  expect(notes).toEqual([note])
})

test('a note expires after a year', async ({ as, db, buildTestApp }) => {
  const { id: userId } = await as('dan').user
  const old = await db.insert(db.tables.notes, {
    userId,
    name: 'Old',
    createdAt: Date.now() - 366 * 86_400_000,
    changeSeq: 1,
  })
  const young = await db.insert(db.tables.notes, {
    userId,
    name: 'Young',
    createdAt: Date.now() - 364 * 86_400_000,
    changeSeq: 1,
  })

  await buildTestApp()

  await expect.poll(() => db.find(db.tables.notes, { id: old.id }), { timeout: 15_000 }).toBeUndefined()
  expect(await db.find(db.tables.notes, { id: young.id })).toEqual(young)
})

test('the document describes the tag', async ({ app }) => {
  expect(app.swagger().tags).toContainEqual({ name: 'notes', description: 'Your notes.' })
})
