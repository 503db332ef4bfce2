import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

describe('comments', () => {
  test('are added, changed and deleted, with versions of their own', async ({ as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'a' })

    const first = await ann.post(`/tasks/${task.id}/comments`, { body: 'One' })
    const second = (await ann.post(`/tasks/${task.id}/comments`, { body: 'Two' })).json()

    expect(first.statusCode).toBe(201)
    const { id } = first.json()
    expect(first.headers).toMatchObject({ location: `/comments/${id}`, etag: first.json().etag })
    expect((await ann.get(`/tasks/${task.id}/comments`)).json()).toEqual([second, first.json()])
    const changed = await ann.patch(`/comments/${id}`, { body: 'Uno' }, { 'if-match': first.json().etag })
    expect(changed.json()).toMatchObject({ id, task_id: task.id, body: 'Uno' })
    const stale = { 'if-match': first.json().etag }
    expect((await ann.patch(`/comments/${id}`, { body: 'Eins' }, stale)).statusCode).toBe(412)
    expect((await ann.delete(`/comments/${id}`, undefined, stale)).statusCode).toBe(412)
    expect((await ann.delete(`/comments/${id}`)).statusCode).toBe(204)
    expect((await ann.get(`/tasks/${task.id}/comments`)).json()).toEqual([second])
    expect((await ann.get(`/tasks/${task.id}`)).json(), 'the task has its own version').toEqual(task)
  })

  test('are in a copy that syncs', async ({ as }) => {
    const ann = as('syncs')
    const task = await ann.creates({ title: 'a' })
    const comment = (await ann.post(`/tasks/${task.id}/comments`, { body: 'One' })).json()

    const all = (await ann.get('/sync')).json()
    await ann.delete(`/comments/${comment.id}`)
    const changes = (await ann.get(`/sync?sync_token=${all.sync_token}`)).json()

    expect(all.comments).toEqual([comment])
    expect(changes).toMatchObject({ comments: [], deleted: [{ type: 'comment', id: comment.id }] })
  })

  test('of a task in the trash are not there, and come back with it', async ({ as }) => {
    const ann = as('trash')
    const task = await ann.creates({ title: 'a' })
    const comment = (await ann.post(`/tasks/${task.id}/comments`, { body: 'One' })).json()

    await ann.delete(`/tasks/${task.id}`)
    expect((await ann.get(`/comments/${comment.id}`)).statusCode).toBe(404)
    expect((await ann.get(`/tasks/${task.id}/comments`)).statusCode).toBe(404)
    expect((await ann.post(`/tasks/${task.id}/comments`, { body: 'Two' })).statusCode).toBe(404)
    await ann.post(`/tasks/${task.id}/restore`)
    expect((await ann.get(`/comments/${comment.id}`)).json()).toEqual(comment)
  })

  test('of others are not there', async ({ as }) => {
    const [ann, bob] = [as('mine'), as('theirs')]
    const task = await bob.creates({ title: 'a' })
    const comment = (await bob.post(`/tasks/${task.id}/comments`, { body: 'Secret' })).json()

    const attempts = [
      await ann.get(`/tasks/${task.id}/comments`),
      await ann.post(`/tasks/${task.id}/comments`, { body: 'x' }),
      await ann.get(`/comments/${comment.id}`),
      await ann.patch(`/comments/${comment.id}`, { body: 'x' }),
      await ann.delete(`/comments/${comment.id}`),
    ]

    expect(attempts.map(({ statusCode }) => statusCode)).toEqual(Array(5).fill(404))
    expect((await bob.get(`/comments/${comment.id}`)).json()).toEqual(comment)
  })
})
