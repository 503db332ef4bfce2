import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { mailSettings, test } from './support/smtp.ts'

const soon = () => new Date(Date.now() + 400).toISOString()
const later = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

describe('reminders', () => {
  test('are kept as they were asked for, and fire when their due says', async ({ as, db }) => {
    const ann = as('ann')
    await ann.patch('/users/me', { timezone: 'Europe/Berlin' })
    const at = later(500)
    const task = await ann.creates({
      title: 'a',
      due: { datetime: '2990-07-01T09:00:00', timezone: 'America/New_York' },
      reminders: [{ offset: '-PT30M', relative_to: 'due' }, { at }],
    })
    const timesOf = async () => {
      const rows = await db.list(db.tables.reminders, {
        equal: { taskId: task.id },
        limit: 10,
        index: 'reminders_task_idx',
      })
      return rows.map(({ fireAt }) => new Date(fireAt).toISOString())
    }

    expect(task.reminders).toEqual([{ offset: '-PT30M', relative_to: 'due' }, { at }])
    expect(await timesOf()).toEqual(['2990-07-01T12:30:00.000Z', at])
    await ann.patch(`/tasks/${task.id}`, { due: { date: '2990-07-02' } })
    expect(await timesOf()).toEqual(['2990-07-01T21:30:00.000Z', at])
    const recurrence = { rrule: 'FREQ=DAILY', from: 'due' } as const
    await ann.patch(`/tasks/${task.id}`, { recurrence })
    await ann.post(`/tasks/${task.id}/complete`)
    expect(await timesOf()).toEqual(['2990-07-02T21:30:00.000Z', at])
    await ann.patch(`/tasks/${task.id}`, { reminders: [] })
    expect(await timesOf()).toEqual([])
  })

  test('that are wrong are refused', async ({ as }) => {
    const ann = as('wrong')
    const due = { date: '2026-12-01' }
    const wrong: [reminders: object[], pointer: string][] = [
      [[{}], '/reminders/0'],
      [[{ at: 'tomorrow' }], '/reminders/0/at'],
      [[{ offset: '-PT30M' }], '/reminders/0'],
      [[{ at: later(1), offset: '-PT30M', relative_to: 'due' }], '/reminders/0'],
      [[{ offset: '30 minutes', relative_to: 'due' }], '/reminders/0/offset'],
      [[{ offset: '-PT30M', relative_to: 'start' }], '/reminders/0'],
      [Array(6).fill({ at: later(1) }), '/reminders'],
    ]
    for (const [reminders, pointer] of wrong) {
      const reply = await ann.post('/tasks', { title: 'a', due, reminders })
      expect([reply.statusCode, reply.json().errors?.[0].pointer], reply.body).toEqual([422, pointer])
    }
  })

  test('are mailed once, whatever the number of instances, in the zone of their user', async ({
    as,
    buildTestApp,
    smtp,
    db,
  }) => {
    const [ann, bob] = [as('mailed'), as('done')]
    await ann.patch('/users/me', { timezone: 'Europe/Berlin' })
    const due = { datetime: '2990-07-01T09:00:00', timezone: 'America/New_York' }
    const { id } = await ann.creates({ title: 'Call\r\nBcc: evil@example.org', due, reminders: [{ at: soon() }] })
    const closed = await bob.creates({ title: 'Never', reminders: [{ at: soon() }] })
    await bob.post(`/tasks/${closed.id}/complete`)
    await sleep(600)

    // They look when they start.
    await Promise.all([buildTestApp(mailSettings(smtp.port)), buildTestApp(mailSettings(smtp.port))])

    const mail = await smtp.latestTo(ann.email)
    expect(mail.subject).toBe('Reminder: Call Bcc: evil@example.org')
    expect(mail.text).toContain('1 July 2990 at 15:00 (Europe/Berlin)')
    expect(mail.text).toContain(`https://tasks.example.org/app/tasks/${id}`)
    await expect.poll(() => db.find(db.tables.reminders, { taskId: closed.id })).toBe(undefined)
    await sleep(200)
    expect(smtp.deliveries.map(({ recipients }) => recipients)).toEqual([[ann.email]])
  })
})
