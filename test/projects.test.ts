import { describe, expect } from 'vitest'
import type { Project } from '../src/projects/schemas.ts'
import { type Person, test } from './support/app.ts'

async function adds(person: Person, name: string): Promise<Project> {
  const reply = await person.post('/projects', { name })
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

const namesOf = async (person: Person, query = '') =>
  ((await person.get(`/projects${query}`)).json() as Project[]).map(({ name }) => name)

describe('projects', () => {
  test('begin with an Inbox, which takes tasks that name no other, and stays', async ({ as }) => {
    const ann = as('ann')
    const [inbox] = (await ann.get('/projects')).json()
    expect(inbox).toMatchObject({ name: 'Inbox', is_inbox: true, archived_at: null, deleted_at: null })
    expect((await ann.creates({ title: 'Milk' })).project_id).toBe(inbox.id)

    for (const path of ['archive', 'unarchive']) {
      const reply = await ann.post(`/projects/${inbox.id}/${path}`)
      expect([reply.statusCode, reply.json().code ?? reply.json().id]).toEqual(
        path === 'archive' ? [409, 'INBOX_STAYS'] : [200, inbox.id],
      )
    }
    expect((await ann.delete(`/projects/${inbox.id}`)).statusCode).toBe(409)
    expect((await ann.delete(`/projects/${inbox.id}?permanent=true`)).statusCode).toBe(409)
    expect((await ann.patch(`/projects/${inbox.id}`, { name: 'In' })).json()).toMatchObject({
      name: 'In',
      is_inbox: true,
    })
  })

  test('are created, changed and moved by their owner only', async ({ as }) => {
    const [ann, bob] = [as('owner'), as('bob')]
    const [a, b] = [await adds(ann, 'a'), await adds(ann, 'b')]
    expect(await namesOf(ann)).toEqual(['Inbox', 'a', 'b'])

    expect((await ann.post(`/projects/${b.id}/move`, { before: a.id })).statusCode).toBe(200)
    expect(await namesOf(ann)).toEqual(['Inbox', 'b', 'a'])
    expect((await ann.post(`/projects/${a.id}/move`, { first: true })).statusCode).toBe(200)
    expect(await namesOf(ann)).toEqual(['a', 'Inbox', 'b'])
    expect((await ann.post(`/projects/${a.id}/move`, { after: 999_999_999 })).statusCode).toBe(422)

    const painted = await ann.patch(`/projects/${a.id}`, { color: '#1e90ff' })
    expect(painted.json()).toMatchObject({ name: 'a', color: '#1e90ff' })
    const same = await ann.patch(`/projects/${a.id}`, { color: '#1e90ff' }, { 'if-match': '"1-1-x"' })
    expect(same.headers.etag, 'no change').toBe(painted.headers.etag)
    expect((await ann.patch(`/projects/${a.id}`, { color: null }, { 'if-match': '"1-1-x"' })).statusCode).toBe(412)

    for (const reply of [
      await bob.get(`/projects/${a.id}`),
      await bob.patch(`/projects/${a.id}`, { name: 'x' }),
      await bob.post(`/projects/${a.id}/archive`),
      await bob.delete(`/projects/${a.id}`),
    ]) {
      expect(reply.statusCode).toBe(404)
    }
    expect((await bob.post('/tasks', { title: 'x', project_id: a.id })).statusCode).toBe(422)
  })

  test('that are archived hide their tasks, take no more, and come back', async ({ as }) => {
    const ann = as('archiver')
    const project = await adds(ann, 'Old')
    const task = await ann.creates({ title: 'Milk', project_id: project.id, status: 'completed' })

    const archived = await ann.post(`/projects/${project.id}/archive`)
    expect(archived.json().archived_at).toEqual(expect.any(String))
    expect(await namesOf(ann)).toEqual(['Inbox'])
    expect(await namesOf(ann, '?archived=true')).toEqual(['Old'])
    expect((await ann.get('/tasks')).json()).toEqual([])
    expect((await ann.get(`/tasks?project_id=${project.id}`)).json()).toMatchObject([{ id: task.id }])
    expect((await ann.get(`/tasks/${task.id}`)).statusCode).toBe(200)
    const refused = await ann.post('/tasks', { title: 'x', project_id: project.id })
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'PROJECT_ARCHIVED'])

    await ann.post(`/projects/${project.id}/unarchive`)
    expect((await ann.get('/tasks?status=completed')).json()).toMatchObject([{ id: task.id }])
  })

  test('that are deleted go to the trash with their tasks, and come back with those alone', async ({ as }) => {
    const ann = as('deleter')
    const project = await adds(ann, 'House')
    const before = await ann.creates({ title: 'before', project_id: project.id })
    const task = await ann.creates({ title: 'with it', project_id: project.id })
    await ann.delete(`/tasks/${before.id}`)

    expect((await ann.delete(`/projects/${project.id}`)).statusCode).toBe(204)
    expect((await ann.delete(`/projects/${project.id}`)).statusCode).toBe(404)
    expect((await ann.get(`/projects/${project.id}`)).statusCode).toBe(404)
    expect(await namesOf(ann, '?trashed=true')).toEqual(['House'])
    expect((await ann.get(`/tasks/${task.id}?trashed=true`)).json().deleted_at).toEqual(expect.any(String))
    const moved = await ann.post(`/tasks/${before.id}/restore`)
    expect(moved.json().project_id, 'its project is in the trash').not.toBe(project.id)

    expect((await ann.post(`/projects/${project.id}/restore`)).json().deleted_at).toBeNull()
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual({
      ...task,
      etag: expect.any(String),
      updated_at: expect.any(String),
    })
  })

  test('can be deleted for good, with their tasks', async ({ as, db }) => {
    const ann = as('purger')
    const project = await adds(ann, 'House')
    const task = await ann.creates({ title: 'x', project_id: project.id })

    expect((await ann.delete(`/projects/${project.id}?permanent=true`)).statusCode).toBe(204)

    expect(await db.find(db.tables.tasks, { id: task.id })).toBeUndefined()
    expect(await db.find(db.tables.projects, { id: project.id })).toBeUndefined()
    expect(await db.find(db.tables.deletions, { itemId: task.id, type: 'task' })).toMatchObject({
      projectId: project.id,
    })
    expect(await db.find(db.tables.deletions, { itemId: project.id, type: 'project' })).toBeDefined()
  })

  test('are deleted for good after 30 days, unless they were restored', async ({ as, db, buildTestApp }) => {
    const ann = as('month')
    const [gone, back] = [await adds(ann, 'gone'), await adds(ann, 'back')]
    for (const { id } of [gone, back]) await ann.delete(`/projects/${id}`)
    await ann.post(`/projects/${back.id}/restore`)
    const { id: userId } = await ann.user
    await db.updateMany(db.tables.sweeps, { userId }, { dueAt: Date.now() - 1 })

    await buildTestApp()

    await expect.poll(() => db.find(db.tables.projects, { id: gone.id })).toBeUndefined()
    await expect.poll(() => db.find(db.tables.sweeps, { userId })).toBeUndefined()
    expect((await ann.get(`/projects/${back.id}`)).statusCode).toBe(200)
  })

  test('of thousands of tasks are archived in chunks, by two instances at once without harm', async ({
    as,
    db,
    buildTestApp,
  }) => {
    const ann = as('thousands')
    const project = await adds(ann, 'Big')
    const task = await ann.creates({ title: 'x', project_id: project.id })
    const { id: _, ...row } = (await db.find(db.tables.tasks, { id: task.id }))!
    await db.transaction((tx) =>
      tx.insertMany(
        tx.tables.tasks,
        Array.from({ length: 3_200 }, () => row),
      ),
    )

    const reply = await ann.post(`/projects/${project.id}/archive`)
    const other = await buildTestApp()

    expect(reply.statusCode).toBe(202)
    expect(reply.json().archived_at).toEqual(expect.any(String))
    const { id: userId } = await ann.user
    await Promise.all([other.sweeps.finish(userId), other.sweeps.finish(userId)])
    await expect.poll(() => db.find(db.tables.sweeps, { userId })).toBeUndefined()
    expect(await db.find(db.tables.tasks, { userId, shelf: 0 })).toBeUndefined()
    expect((await ann.get('/tasks')).json()).toEqual([])
  })

  test('are 500 at most', async ({ as, db }) => {
    const ann = as('collector')
    const { id: userId } = await ann.user
    const { id: _, ...inbox } = (await db.find(db.tables.projects, { userId }))!
    await db.transaction((tx) =>
      tx.insertMany(
        tx.tables.projects,
        Array.from({ length: 498 }, () => ({ ...inbox, isInbox: false })),
      ),
    )

    expect((await ann.post('/projects', { name: '500' })).statusCode).toBe(201)
    const refused = await ann.post('/projects', { name: '501' })
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'TOO_MANY_PROJECTS'])
  })
})
