import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import type { Job } from '../src/work/work.ts'
import { test } from './support/app.ts'

const limits = { atOnce: 1, maxWaiting: 2, closeMs: 1_000, failure: 'a job failed' }

describe('work that outlives a request', () => {
  test('runs in turn, and no more of it waits than may', async ({ buildTestApp }) => {
    const app = await buildTestApp()
    const queue = app.work.queue('trials', limits)
    const ran: number[] = []
    const job = (n: number) => async () => {
      await sleep(20)
      ran.push(n)
    }

    const taken = [1, 2, 3, 4].map((n) => queue.add(job(n)))

    expect(taken).toEqual([true, true, true, false])
    await expect.poll(() => ran).toEqual([1, 2, 3])
  })

  test('goes on after a job that fails', async ({ buildTestApp }) => {
    const app = await buildTestApp()
    const queue = app.work.queue('trials', limits)
    const ran: string[] = []

    queue.add(() => Promise.reject(new Error('no')))
    queue.add(async () => ran.push('next'))

    await expect.poll(() => ran).toEqual(['next'])
  })

  test('is finished before the database closes, and nothing is taken after that', async ({ buildTestApp }) => {
    const app = await buildTestApp()
    const queue = app.work.queue('trials', limits)
    const found: unknown[] = []
    const job: Job = async () => {
      await sleep(200)
      found.push(await app.db.find(app.db.tables.users, { id: 999_999_999 }))
    }
    queue.add(job)
    queue.add(job)

    await app.close()

    expect(found).toEqual([undefined, undefined])
    expect(queue.add(job)).toBe(false)
  })

  test('holds closing up for its time only, and is then asked to stop', async ({ buildTestApp }) => {
    const app = await buildTestApp()
    const queue = app.work.queue('trials', limits)
    let isAborted = false
    queue.add((signal) => new Promise<void>(() => signal.addEventListener('abort', () => (isAborted = true))))
    const start = performance.now()

    await app.close()

    const ms = performance.now() - start
    expect(ms).toBeGreaterThan(900)
    expect(ms).toBeLessThan(5_000)
    expect(isAborted).toBe(true)
  })

  test('may come back by itself, and never runs twice at a time', async ({ buildTestApp }) => {
    let runs = 0
    let running = 0
    let most = 0
    const periodic = { everyMs: 10, closeMs: 1_000, failure: 'a run failed' }
    const app = await buildTestApp({}, ({ work }) =>
      work.every('trials', periodic, async () => {
        most = Math.max(most, ++running)
        await sleep(30)
        running--
        runs++
      }),
    )

    await expect.poll(() => runs).toBeGreaterThan(2)
    await app.close()
    const ended = runs
    await sleep(60)

    expect([most, runs]).toEqual([1, ended])
  })
})
