import { describe, expect } from 'vitest'
import { nextOf, type Person, test } from './support/app.ts'

const priorities = ['urgent', 'high', 'medium', 'low', 'none'] as const

async function countOf({ get }: Person, query: string): Promise<number> {
  let count = 0
  for (let url: string | undefined = `/tasks?limit=500&${query}`; url !== undefined; ) {
    const reply = await get(url)
    expect(reply.statusCode, reply.body).toBe(200)
    count += reply.json().length
    url = nextOf(url, reply)
  }
  return count
}

const dayFromNow = (days: number, timezone: string) =>
  new Date(Date.now() + days * 86_400_000).toLocaleDateString('sv-SE', { timeZone: timezone })

describe('GET /tasks/summary', () => {
  test('counts what the lists list', async ({ as }) => {
    const ann = as('ann')
    const timezone = 'Pacific/Kiritimati'
    await ann.patch('/users/me', { timezone })
    const { id: house } = (await ann.post('/projects', { name: 'House' })).json()
    const { id: old } = (await ann.post('/projects', { name: 'Old' })).json()
    const day = (days: number) => dayFromNow(days, timezone)
    const time = (days: number, zone: string) => ({ datetime: `${dayFromNow(days, zone)}T00:00:01`, timezone: zone })
    const dues = [
      null,
      ...[-400, -2, -1, 0, 1, 6, 7, 8, 400].map((days) => ({ date: day(days) })),
      ...[-1, 0, 1].flatMap((days) => [time(days, timezone), time(days, 'Pacific/Pago_Pago')]),
    ]
    for (const [i, due] of [...dues, ...dues, ...dues].entries()) {
      const task = await ann.creates({
        title: 'a',
        due,
        priority: priorities[i % 5]!,
        status: (['pending', 'pending', 'in_progress', 'completed', 'cancelled'] as const)[
          i % 5 === 3 ? i % 4 : i % 5
        ]!,
        ...(i % 3 === 0 && { project_id: i % 2 === 0 ? house : old }),
      })
      if (i % 11 === 0) await ann.delete(`/tasks/${task.id}`)
    }
    await ann.post(`/projects/${old}/archive`)

    const summary = (await ann.get('/tasks/summary')).json()

    const [project] = (await ann.get('/projects')).json()
    expect(summary).toEqual({
      open: { pending: await countOf(ann, 'status=pending'), in_progress: await countOf(ann, 'status=in_progress') },
      priority: Object.fromEntries(
        await Promise.all(
          priorities.map(async (name) => [name, await countOf(ann, `open=true&priority=${name}`)] as const),
        ),
      ),
      projects: [
        { project_id: project.id, open: await countOf(ann, `open=true&project_id=${project.id}`) },
        { project_id: house, open: await countOf(ann, `open=true&project_id=${house}`) },
      ],
      overdue: await countOf(ann, 'overdue=true'),
      due_today: await countOf(ann, `open=true&due_after=${day(0)}&due_before=${day(1)}`),
      next_7_days: await countOf(ann, `open=true&due_after=${day(1)}&due_before=${day(8)}`),
      undated: await countOf(ann, 'open=true&due=none'),
      completed: await countOf(ann, 'status=completed'),
      cancelled: await countOf(ann, 'status=cancelled'),
      trashed: await countOf(ann, 'trashed=true'),
      at_least: [],
    })
    for (const count of [summary.overdue, summary.due_today, summary.next_7_days, summary.undated, summary.trashed]) {
      expect(count).toBeGreaterThan(0)
    }
  })

  test('is all zeros for somebody new, and counts nothing of others', async ({ as }) => {
    await as('other').creates({ title: 'a' })

    const summary = (await as('new').get('/tasks/summary')).json()

    expect(JSON.stringify(summary)).not.toMatch(/[1-9]\d*[,}]/)
    expect(summary.projects).toEqual([])
  })

  test('says where it stopped counting', async ({ as, db }) => {
    const ann = as('many')
    const { id: userId } = await ann.user
    const {
      changeSeq: _,
      id,
      ...task
    } = (await db.find(db.tables.tasks, { id: (await ann.creates({ title: 'a' })).id }))!
    const done = { ...task, status: 'completed', shelf: 2, completedAt: Date.now() } as const
    for (let i = 0; i < 21; i++) await db.insertMany(db.tables.tasks, Array(500).fill(done))

    const summary = (await ann.get('/tasks/summary')).json()

    expect(
      await db.count(db.tables.tasks, { equal: { userId, shelf: 2 }, limit: 20_000, index: 'tasks_user_created_idx' }),
    ).toBe(10_500)
    expect(summary).toMatchObject({ open: { pending: 1 }, completed: 10_000, at_least: ['completed'] })
    expect(id).toBeGreaterThan(0)
  })
})
