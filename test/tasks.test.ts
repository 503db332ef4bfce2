import { describe, expect } from 'vitest'
import { nextOf, test } from './support/app.ts'

const notFound = {
  type: '/problems#task-not-found',
  title: 'Task not found',
  status: 404,
  detail: 'Task not found',
  code: 'TASK_NOT_FOUND',
}

describe('a task', () => {
  test('is created pending, with nothing else to say', async ({ as }) => {
    const ann = as('ann')

    const reply = await ann.post('/tasks', { title: 'Buy milk' })

    expect(reply.statusCode).toBe(201)
    const task = reply.json()
    expect(reply.headers.location).toBe(`/tasks/${task.id}`)
    expect(task).toEqual({
      id: expect.any(Number),
      etag: reply.headers.etag,
      title: 'Buy milk',
      description: null,
      status: 'pending',
      user_id: (await ann.user).id,
      project_id: expect.any(Number),
      parent_id: null,
      priority: 'none',
      due: null,
      due_at: null,
      start: null,
      estimated_minutes: null,
      labels: [],
      recurrence: null,
      is_recurring: false,
      reminders: [],
      position: expect.stringMatching(/^h[0-9A-Za-z]{10}$/),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: task.created_at,
      completed_at: null,
      deleted_at: null,
    })
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })

  test('keeps what was sent to the letter', async ({ as }) => {
    const ann = as('ann')
    const sent = {
      title: ` ${'𝒳'.repeat(496)}é\u0301 `,
      description: `${'😀'.repeat(19_989)}"\\\n\t\u0007'--; %`,
      status: 'in_progress' as const,
    }

    const reply = await ann.post('/tasks', sent, { 'content-type': 'application/json' })

    expect(reply.statusCode, 'a description of 20,000 characters is larger than other bodies').toBe(201)
    expect((await ann.get(`/tasks/${reply.json().id}`)).json()).toMatchObject(sent)
  })

  test('that is created completed says when', async ({ as }) => {
    const task = await as('ann').creates({ title: 'Done', status: 'completed' })

    expect(task.completed_at).toBe(task.created_at)
  })

  test.for(['put', 'patch'] as const)(
    'keeps what a %s does not name, and clears what it sends as null',
    async (verb, { as }) => {
      const ann = as('ann')
      const task = await ann.creates({ title: 'Milk', description: 'Two litres', status: 'in_progress' })

      const renamed = await ann[verb](`/tasks/${task.id}`, { title: 'Oat milk' })
      const cleared = await ann[verb](`/tasks/${task.id}`, { description: null })

      const { updated_at } = renamed.json()
      expect(renamed.json()).toEqual({ ...task, etag: renamed.headers.etag, title: 'Oat milk', updated_at })
      expect(cleared.json()).toMatchObject({ title: 'Oat milk', description: null, status: 'in_progress' })
      expect(cleared.json().updated_at >= task.updated_at).toBe(true)
      expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(cleared.json())
    },
  )

  test('is unchanged by a change of nothing', async ({ as }) => {
    const ann = as('ann')
    const task = await ann.creates({ title: 'Same' })

    const reply = await ann.patch(`/tasks/${task.id}`, {})

    expect(reply.json()).toEqual(task)
  })

  test('is completed from when its status says so until it no longer does', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Finish' })

    const completed = (await ann.patch(`/tasks/${id}`, { status: 'completed' })).json()
    const again = (await ann.patch(`/tasks/${id}`, { status: 'completed', title: 'Finished' })).json()
    const reopened = (await ann.patch(`/tasks/${id}`, { status: 'pending' })).json()

    expect(completed.completed_at).toBe(completed.updated_at)
    expect(again.completed_at).toBe(completed.completed_at)
    expect(reopened.completed_at).toBeNull()
  })

  test('is taken as a merge patch too, by PATCH alone', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Patch' })
    const merge = { 'content-type': 'application/merge-patch+json' }

    const patched = await ann.patch(`/tasks/${id}`, '{"title":"Patched"}', merge)
    const put = await ann.put(`/tasks/${id}`, '{"title":"Put"}', merge)

    expect(patched.json().title).toBe('Patched')
    expect(put.statusCode).toBe(415)
  })

  test('is gone when it is deleted', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Gone' })

    const reply = await ann.delete(`/tasks/${id}`)

    expect(reply.statusCode).toBe(204)
    expect(reply.body).toBe('')
    expect((await ann.get(`/tasks/${id}`)).json()).toEqual(notFound)
    expect((await ann.delete(`/tasks/${id}`)).json()).toEqual(notFound)
  })

  test('can be seen, changed and deleted by its owner only', async ({ as }) => {
    const ann = as('ann')
    const bob = as('bob')
    const task = await ann.creates({ title: 'Ours alone' })

    const attempts = [
      await bob.get(`/tasks/${task.id}`),
      await bob.put(`/tasks/${task.id}`, { title: 'Mine' }),
      await bob.patch(`/tasks/${task.id}`, {}),
      await bob.delete(`/tasks/${task.id}`),
    ]

    for (const attempt of attempts) expect([attempt.statusCode, attempt.json()]).toEqual([404, notFound])
    expect((await bob.get('/tasks')).json()).toEqual([])
    expect((await ann.get(`/tasks/${task.id}`)).json()).toEqual(task)
  })
})

describe('the list', () => {
  test('has the newest first, page by page, without gap or repetition', async ({ as }) => {
    const cat = as('cat')
    const titles: string[] = []
    for (let i = 0; i < 7; i++) titles.unshift((await cat.creates({ title: `${i}` })).title)

    const seen: string[] = []
    let url: string | undefined = '/tasks?limit=3'
    let pages = 0
    for (; url; pages++) {
      const reply = await cat.get(url)
      seen.push(...reply.json().map(({ title }: { title: string }) => title))
      // What is added meanwhile does not move the pages.
      await cat.creates({ title: 'later' })
      url = nextOf(url, reply)
    }

    expect(seen).toEqual(titles)
    expect(pages).toBe(3)
  })

  test('has a hundred a page, and five hundred at most', async ({ as }) => {
    const dan = as('dan')
    await Promise.all(Array.from({ length: 101 }, (_, i) => dan.creates({ title: `${i}` })))

    const page = await dan.get('/tasks')
    const all = await dan.get('/tasks?limit=500')
    const more = await dan.get('/tasks?limit=501')

    expect(page.json()).toHaveLength(100)
    expect(page.headers.link).toMatch(/^<\/tasks\?limit=100&cursor=[\w-]+>; rel="next"$/)
    expect(all.json()).toHaveLength(101)
    expect(all.headers.link).toBeUndefined()
    expect(more.json().errors).toEqual([{ detail: 'must be an integer from 1 to 500', parameter: 'limit' }])
  })

  test('is empty for who has nothing', async ({ as }) => {
    const reply = await as('eve').get('/tasks/')

    expect([reply.statusCode, reply.json()]).toEqual([200, []])
  })
})

describe('a read', () => {
  test('that found nothing new is a 304 without a body', async ({ as }) => {
    const ann = as('ann')
    const { id } = await ann.creates({ title: 'Tagged' })
    const { etag, 'cache-control': caching } = (await ann.get(`/tasks/${id}`)).headers
    const again = (tag: string) => ann.get(`/tasks/${id}`, undefined, { 'if-none-match': tag })

    const replies = await Promise.all([again(`${etag}`), again(`"x", W/${etag}`), again('*')])
    for (const reply of replies) expect([reply.statusCode, reply.body, reply.headers.etag]).toEqual([304, '', etag])
    expect(caching).toBe('private, no-cache')
    expect((await again('"x"')).statusCode).toBe(200)

    await ann.patch(`/tasks/${id}`, { title: 'Changed' })
    const changed = await again(`${etag}`)
    expect(changed.statusCode).toBe(200)
    expect(changed.headers.etag).not.toBe(etag)
  })

  test('has tags for lists and the account, and none for problems and writes that answer nothing', async ({ as }) => {
    const ann = as('ann')

    expect((await ann.get('/tasks')).headers.etag).toMatch(/^"1-\w+-[\w-]{33}"$/)
    expect((await ann.get('/users/me')).headers.etag).toMatch(/^"[\w-]{27}"$/)
    expect((await ann.get('/tasks/999999')).headers.etag).toBeUndefined()
    const { id } = await ann.creates({ title: 'x' })
    expect((await ann.delete(`/tasks/${id}`)).headers.etag).toBeUndefined()
  })
})

test('a page of long tasks ends early, at about a megabyte, and the next one leads on', async ({ as }) => {
  const ann = as('long-ann')
  const description = '長'.repeat(20_000)
  for (let n = 0; n < 120; n += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => ann.creates({ title: `Task ${n + i}`, description })))
  }
  const seen: number[] = []

  for (let url: string | undefined = '/tasks?limit=500'; url !== undefined; ) {
    const page = await ann.get(url)
    const tasks: { id: number }[] = page.json()
    expect(tasks.length).toBeLessThanOrEqual(60)
    seen.push(...tasks.map(({ id }) => id))
    url = /<([^>]+)>/.exec(String(page.headers.link ?? ''))?.[1]
  }

  expect(seen).toHaveLength(120)
  expect(seen).toEqual(seen.toSorted((a, b) => b - a))
})
