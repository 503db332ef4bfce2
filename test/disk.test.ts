import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished } from 'vitest'
import { type App, people, test } from './support/app.ts'
import { dialect } from './support/database.ts'

/** A small disk of its own, which only root may mount. */
function mountDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** Takes all the room that is left. */
function fill(file: string): void {
  const fd = openSync(file, 'w')
  for (let bytes = 1 << 20; bytes > 0; ) {
    try {
      writeSync(fd, Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      bytes >>= 1
    }
  }
  closeSync(fd)
}

const isReady = async (app: App) => (await app.inject('/health/ready')).statusCode
const isLive = async (app: App) => (await app.inject('/health/live')).statusCode

describe.runIf(dialect === 'sqlite')('a full disk', () => {
  test('that something else filled refuses what is new, not what ends a session, until there is room', async ({
    buildTestApp,
    skip,
  }) => {
    const folder = mountDisk()
    if (folder === undefined) return skip('only root may mount a small disk')
    const path = join(folder, 'task.db')
    const app = await buildTestApp({ DATABASE_URL: path })
    const [ann, bob] = [people(app)('ann'), people(app)('bob')]
    const task = await ann.creates({ title: 'Buy milk' })
    await bob.creates({ title: 'Buy milk' })
    expect(await isReady(app)).toBe(200)
    await sleep(1_500) // idle for longer than a second: the log is copied to the main file

    fill(join(folder, 'log'))
    await sleep(150)

    expect((await ann.post('/tasks', { title: 'Buy bread' })).statusCode).toBe(507)
    expect(await isReady(app)).toBe(503)
    expect(await isLive(app)).toBe(200)
    expect((await ann.get(`/tasks/${task.id}`)).json()).toMatchObject({ title: 'Buy milk' })
    expect((await bob.post('/auth/logout')).statusCode).toBe(204)
    expect((await bob.get('/users/me')).statusCode).toBe(401)

    rmSync(join(folder, 'log'))
    await sleep(150)
    expect(await isReady(app)).toBe(200)
    expect((await ann.post('/tasks', { title: 'Buy bread' })).statusCode).toBe(201)
    await app.close()
  })

  test('that tasks filled keeps every answered one, and deleting makes room', async ({ buildTestApp, skip }) => {
    const folder = mountDisk()
    if (folder === undefined) return skip('only root may mount a small disk')
    const app = await buildTestApp({ DATABASE_URL: join(folder, 'task.db') })
    const [ann, bob] = [people(app)('ann'), people(app)('bob')]
    await bob.creates({ title: 'Buy milk' })
    const description = 'x'.repeat(15_000)
    const ids: number[] = []

    const create = async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ann.post('/tasks', { title: 'Fill', description })),
      )
      for (const answer of answers) if (answer.statusCode === 201) ids.push(answer.json().id)
      return answers.map(({ statusCode }) => statusCode)
    }
    let statuses: number[] = []
    while (!statuses.includes(507)) {
      statuses = await create()
      for (const status of statuses) expect([201, 507]).toContain(status)
      if (ids.length > 1000) break
    }

    expect(statuses).toContain(507)
    expect(await isReady(app)).toBe(503)
    expect((await bob.post('/auth/logout')).statusCode).toBe(204)
    for (const id of ids) expect((await ann.get(`/tasks/${id}`)).statusCode).toBe(200)
    for (const id of ids.slice(0, 5)) expect((await ann.delete(`/tasks/${id}?permanent=true`)).statusCode).toBe(204)
    await app.close()
  })
})

test.runIf(dialect === 'sqlite')(
  'a deleted database file answers 503, to writes and to /health/ready',
  async ({ buildTestApp }) => {
    const folder = mkdtempSync(join(tmpdir(), 'deleted-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'task.db')
    const app = await buildTestApp({ DATABASE_URL: path })
    const ann = people(app)('ann')
    await ann.creates({ title: 'Buy milk' })

    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
    await sleep(150)

    expect((await ann.post('/tasks', { title: 'Buy bread' })).statusCode).toBe(503)
    expect(await isReady(app)).toBe(503)
    expect(await isLive(app)).toBe(200)
    await app.close()
  },
)
