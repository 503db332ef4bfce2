import { describe, expect } from 'vitest'
import type { Label } from '../src/labels/schemas.ts'
import { type Person, test } from './support/app.ts'

async function adds(person: Person, name: string): Promise<Label> {
  const reply = await person.post('/labels', { name })
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

const labelsOf = async (person: Person, id: number) => (await person.get(`/tasks/${id}`)).json().labels

describe('labels', () => {
  test('are one whatever their case, and belong to one person', async ({ as }) => {
    const [ann, bob] = [as('ann'), as('bob')]
    const label = await adds(ann, 'Straße')

    const refused = await ann.post('/labels', { name: 'STRAßE' })
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'LABEL_TAKEN'])
    expect((await bob.post('/labels', { name: 'Straße' })).statusCode).toBe(201)
    for (const reply of [
      await bob.get(`/labels/${label.id}`),
      await bob.patch(`/labels/${label.id}`, { name: 'x' }),
      await bob.delete(`/labels/${label.id}`),
      await bob.post(`/labels/${label.id}/merge`, { into: label.id }),
    ]) {
      expect(reply.statusCode).toBe(404)
    }
    expect((await ann.get('/labels')).json()).toEqual([label])
  })

  test('that are renamed are renamed in their tasks, which have a new version', async ({ as }) => {
    const ann = as('renamer')
    const task = await ann.creates({ title: 'x', labels: ['home', 'errand', 'work'] })
    const { etag } = (await ann.get(`/tasks/${task.id}`)).headers
    const [, errand] = (await ann.get('/labels')).json() as Label[]

    const renamed = await ann.patch(`/labels/${errand!.id}`, { name: 'Errands' })

    expect(renamed.json().name).toBe('Errands')
    expect(await labelsOf(ann, task.id)).toEqual(['home', 'Errands', 'work'])
    expect((await ann.get(`/tasks/${task.id}`)).headers.etag).not.toBe(etag)
    expect((await ann.get('/tasks?label=errands')).json()).toMatchObject([{ id: task.id }])
    expect((await ann.get('/tasks?label=errand')).json()).toEqual([])
    expect((await ann.patch(`/labels/${errand!.id}`, { name: 'HOME' })).statusCode).toBe(409)
    expect((await ann.patch(`/labels/${errand!.id}`, { name: 'ERRANDS' })).json().name, 'another case').toBe('ERRANDS')
    expect(await labelsOf(ann, task.id)).toEqual(['home', 'ERRANDS', 'work'])
  })

  test('that are deleted leave their tasks', async ({ as, db }) => {
    const ann = as('deleter')
    const task = await ann.creates({ title: 'x', labels: ['home', 'errand'] })
    const [home] = (await ann.get('/labels')).json() as Label[]

    expect((await ann.delete(`/labels/${home!.id}`)).statusCode).toBe(204)

    expect(await labelsOf(ann, task.id)).toEqual(['errand'])
    expect((await ann.get('/labels')).json()).toMatchObject([{ name: 'errand' }])
    expect(await db.find(db.tables.deletions, { type: 'label', itemId: home!.id })).toBeDefined()
  })

  test('that are merged give their tasks the other one, once', async ({ as }) => {
    const ann = as('merger')
    const one = await ann.creates({ title: 'x', labels: ['a', 'shop'] })
    const both = await ann.creates({ title: 'y', labels: ['shop', 'store'] })
    const [, shop, store] = (await ann.get('/labels')).json() as Label[]

    expect((await ann.post(`/labels/${shop!.id}/merge`, { into: shop!.id })).statusCode).toBe(422)
    expect((await ann.post(`/labels/${shop!.id}/merge`, { into: store!.id })).json()).toMatchObject({ id: store!.id })

    expect(await labelsOf(ann, one.id)).toEqual(['a', 'store'])
    expect(await labelsOf(ann, both.id)).toEqual(['store'])
    expect((await ann.get(`/labels/${shop!.id}`)).statusCode).toBe(404)
    expect((await ann.get('/tasks?label=store&sort=created_at')).json()).toMatchObject([
      { id: one.id },
      { id: both.id },
    ])
  })

  test('are in an order of their owner', async ({ as }) => {
    const ann = as('order')
    const [a, b] = [await adds(ann, 'a'), await adds(ann, 'b')]

    await ann.post(`/labels/${b.id}/move`, { before: a.id })

    expect((await ann.get('/labels')).json()).toMatchObject([{ name: 'b' }, { name: 'a' }])
  })

  test('are 500 at most, also when a task makes them', async ({ as, db }) => {
    const ann = as('collector')
    const { id: _, ...label } = await adds(ann, 'x')
    const { id: userId } = await ann.user
    const row = { userId, name: label.name, position: label.position, createdAt: 1, updatedAt: 1, changeSeq: 1 }
    await db.transaction((tx) =>
      tx.insertMany(
        tx.tables.labels,
        Array.from({ length: 499 }, (_, i) => ({ ...row, nameKey: `n${i}` })),
      ),
    )

    expect((await ann.post('/labels', { name: 'y' })).json().code).toBe('TOO_MANY_LABELS')
    const task = await ann.post('/tasks', { title: 'x', labels: ['y'] })
    expect([task.statusCode, task.json().code]).toEqual([409, 'TOO_MANY_LABELS'])
  })
})
