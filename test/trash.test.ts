import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

describe('a task that is deleted', () => {
  test('is in the trash with its subtasks, and comes back with what the same deletion took', async ({ as }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'Move house' })
    const child = await ann.creates({ title: 'Pack', parent_id: parent.id })
    const before = await ann.creates({ title: 'Deleted before', parent_id: parent.id })
    await ann.delete(`/tasks/${before.id}`)

    expect((await ann.delete(`/tasks/${parent.id}`)).statusCode).toBe(204)

    for (const { id } of [parent, child]) {
      expect((await ann.get(`/tasks/${id}`)).statusCode).toBe(404)
      expect((await ann.patch(`/tasks/${id}`, { title: 'x' })).statusCode).toBe(404)
      expect((await ann.get(`/tasks/${id}?trashed=true`)).json().deleted_at).toEqual(expect.any(String))
    }
    expect((await ann.delete(`/tasks/${parent.id}`)).statusCode, 'it is there already').toBe(404)
    const restored = await ann.post(`/tasks/${parent.id}/restore`)
    expect(restored.json()).toMatchObject({ title: 'Move house', deleted_at: null, parent_id: null })
    expect((await ann.get(`/tasks/${child.id}`)).json()).toMatchObject({ parent_id: parent.id, deleted_at: null })
    expect((await ann.get(`/tasks/${before.id}`)).statusCode, 'was deleted before').toBe(404)
    expect((await ann.post(`/tasks/${parent.id}/restore`)).json()).toEqual(restored.json())
  })

  test('comes back without its parent while that is in the trash', async ({ as }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'Move house' })
    const child = await ann.creates({ title: 'Pack', parent_id: parent.id })
    await ann.delete(`/tasks/${parent.id}`)

    expect((await ann.post(`/tasks/${child.id}/restore`)).json()).toMatchObject({ parent_id: null, deleted_at: null })
    expect((await ann.get(`/tasks/${child.id}`)).statusCode).toBe(200)
  })

  test('can be deleted for good, with its subtasks, from the trash or not', async ({ as, db }) => {
    const ann = as('ann')
    const parent = await ann.creates({ title: 'Move house' })
    const child = await ann.creates({ title: 'Pack', parent_id: parent.id })
    const other = await ann.creates({ title: 'Wrong' })
    await ann.delete(`/tasks/${parent.id}`)

    expect((await ann.delete(`/tasks/${parent.id}?permanent=true`)).statusCode).toBe(204)
    expect((await ann.delete(`/tasks/${other.id}?permanent=true`)).statusCode).toBe(204)

    for (const { id } of [parent, child, other]) {
      expect((await ann.get(`/tasks/${id}?trashed=true`)).statusCode).toBe(404)
      expect((await ann.post(`/tasks/${id}/restore`)).statusCode).toBe(404)
      expect((await ann.delete(`/tasks/${id}?permanent=true`)).statusCode).toBe(404)
      expect(await db.find(db.tables.deletions, { itemId: id, type: 'task' })).toMatchObject({
        projectId: child.project_id,
      })
    }
  })

  test('is deleted for good after 30 days, unless it was restored', async ({ buildTestApp, as, db }) => {
    const ann = as('ann')
    const [old, back] = [await ann.creates({ title: 'Old' }), await ann.creates({ title: 'Back' })]
    for (const { id } of [old, back]) await ann.delete(`/tasks/${id}`)
    await ann.post(`/tasks/${back.id}/restore`)
    const { sweeps } = db.tables
    for (const { id } of [old, back]) {
      const row = await db.find(sweeps, { targetId: id })
      expect(row!.dueAt - row!.happenedAt!).toBe(30 * 86_400_000)
      await db.updateMany(sweeps, { targetId: id }, { dueAt: Date.now() - 1 })
    }

    await buildTestApp()

    await expect.poll(() => db.find(db.tables.tasks, { id: old.id })).toBeUndefined()
    await expect.poll(() => db.find(sweeps, { targetId: back.id })).toBeUndefined()
    expect((await ann.get(`/tasks/${back.id}`)).statusCode).toBe(200)
  })

  test('is nobody else’s to restore or to delete', async ({ as }) => {
    const [ann, bob] = [as('ann'), as('bob')]
    const { id } = await ann.creates({ title: 'Mine' })
    await ann.delete(`/tasks/${id}`)

    expect((await bob.post(`/tasks/${id}/restore`)).statusCode).toBe(404)
    expect((await bob.delete(`/tasks/${id}?permanent=true`)).statusCode).toBe(404)
    expect((await bob.delete('/tasks?trashed=true')).statusCode).toBe(204)
    expect((await ann.get(`/tasks/${id}?trashed=true`)).statusCode).toBe(200)
  })
})

test('the trash can be emptied, and only that', async ({ as, db }) => {
  const ann = as('empty')
  const parent = await ann.creates({ title: 'Move house' })
  const child = await ann.creates({ title: 'Pack', parent_id: parent.id })
  const kept = await ann.creates({ title: 'Kept' })
  await ann.delete(`/tasks/${child.id}`)
  await ann.delete(`/tasks/${parent.id}`)

  expect((await ann.delete('/tasks')).statusCode).toBe(422)
  expect((await ann.delete('/tasks?trashed=false')).statusCode).toBe(422)
  expect((await ann.delete('/tasks?trashed=true')).statusCode).toBe(204)

  for (const { id } of [parent, child]) expect(await db.find(db.tables.tasks, { id })).toBeUndefined()
  expect((await ann.get(`/tasks/${kept.id}`)).statusCode).toBe(200)
})

test('a trash of thousands is emptied in the background, and every task in it leaves a trace', async ({ as, db }) => {
  const ann = as('thousands')
  const { id: userId } = await ann.user
  const { project_id: projectId } = await ann.creates({ title: 'Kept' })
  const row = { userId, projectId, title: 'Old', description: null, status: 'pending', shelf: 5, hidden: 2 } as const
  const times = { createdAt: 1, updatedAt: 1, completedAt: null, deletedAt: 1, changeSeq: 1 }
  await db.transaction((tx) =>
    tx.insertMany(
      tx.tables.tasks,
      Array.from({ length: 2_300 }, () => ({ ...row, ...times })),
    ),
  )

  expect((await ann.delete('/tasks?trashed=true')).statusCode).toBe(202)

  await expect.poll(() => db.find(db.tables.tasks, { userId, shelf: 5 })).toBeUndefined()
  await expect.poll(() => db.find(db.tables.sweeps, { userId })).toBeUndefined()
  const left = await db.list(db.tables.deletions, {
    equal: { userId },
    order: ['changeSeq', 'id'],
    limit: 5_000,
    index: 'deletions_user_changed_idx',
  })
  expect(left).toHaveLength(2_300)
  expect(new Set(left.map(({ changeSeq }) => changeSeq)).size, 'chunks of 500').toBe(5)
  expect((await ann.get('/tasks')).json()).toHaveLength(1)
})
