import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { dialect, test } from './support/database.ts'
import { call, emptyFolder, entry, logIn } from './support/process.ts'
import { quickly } from './support/quick-start.ts'
import { freePort } from './support/servers/throwaway.ts'

const inParallel = { concurrent: true }

describe.runIf(dialect === 'sqlite')('a log that cannot be written', inParallel, () => {
  test('keeps nobody from being answered, nor the process from ending', async () => {
    using folder = emptyFolder()
    await using server = await startLoggingTo('/dev/full', folder.path)

    const token = await logIn(server)
    for (let i = 0; i < 200; i++) await call(server, '/tasks', undefined, token)

    expect((await call(server, '/tasks', { title: 'Buy milk' }, token)).status).toBe(201)
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })

  test('loses no more than it must: its lines stay whole, those that were dropped are counted', async ({
    skip,
    expect,
  }) => {
    using disk = mountDisk('1m') ?? skip('NOT TESTED: mounting a tmpfs needs root and CAP_SYS_ADMIN')
    using folder = emptyFolder()
    const log = join(disk.path, 'log')
    const filler = join(disk.path, 'filler')
    await using server = await startLoggingTo(log, folder.path)

    fill(filler)
    await askAFewTimes(server, 6_000)
    expect((await call(server, '/health/live')).status).toBe(200)
    truncateSync(filler)

    await expect.poll(() => readFileSync(log, 'utf8')).toMatch(/"dropped":\d+,"msg":"log lines were dropped"/)
    await call(server, '/afterwards')
    await expect.poll(() => readFileSync(log, 'utf8')).toContain('/afterwards')
    const lines = linesOf(log)
    const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0)
    const written = lines.filter(({ path }) => path?.startsWith('/asked')).length
    expect(dropped).toBeGreaterThan(0)
    expect(written + dropped).toBe(6_000)
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })

  test('fails no read, while writes are refused because the database is on the same disk', async ({ skip, expect }) => {
    using disk = mountDisk('3m') ?? skip('NOT TESTED: mounting a tmpfs needs root and CAP_SYS_ADMIN')
    const filler = join(disk.path, 'filler')
    await using server = await startLoggingTo(join(disk.path, 'log'), disk.path)
    const token = await logIn(server)
    const create = async () => (await call(server, '/tasks', { title: 'x'.repeat(400) }, token)).status

    fill(filler)
    await expect.poll(create).toBe(507)
    await askAFewTimes(server, 500)
    const read = await call(server, '/tasks', undefined, token)
    rmSync(filler)

    expect(read.status).toBe(200)
    await expect.poll(create).toBe(201)
    await expect.poll(() => readFileSync(join(disk.path, 'log'), 'utf8')).toMatch(/"path":"\/tasks","status":201/)
    // The last one may be half written.
    await expect.poll(() => linesOf(join(disk.path, 'log')).length).toBeGreaterThan(500)
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})

describe.runIf(dialect === 'sqlite')('a reader of the log that stops', inParallel, () => {
  test('keeps nobody from being answered, nor the process from ending', async () => {
    using folder = emptyFolder()
    await using server = await startLoggingTo('pipe', folder.path)

    await askAFewTimes(server, 3_000) // of which a pipe takes a few hundred

    expect((await call(server, '/health/live')).status).toBe(200)
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})

/** The server with its log going to a file, or into a pipe that nobody reads. */
async function startLoggingTo(log: string, folder: string) {
  const port = await freePort()
  const output = log === 'pipe' ? 'pipe' : openSync(log, 'a')
  const child = spawn(process.execPath, [...quickly.options, entry], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...quickly.env, PORT: String(port), LOGIN_RATE_LIMIT_MAX: '1000' },
    stdio: ['ignore', output, 'inherit'],
  })
  if (typeof output === 'number') closeSync(output)
  const exit = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const server = { url: `http://127.0.0.1:${port}`, end: (signal: NodeJS.Signals) => child.kill(signal) && exit }
  while (child.exitCode === null && !(await isUp(server.url))) await sleep(50)
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

const isUp = (url: string) =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

type Started = Awaited<ReturnType<typeof startLoggingTo>>

async function askAFewTimes(server: Started, times: number): Promise<void> {
  const path = `/asked/${'x'.repeat(100)}`
  for (let i = 0; i < times; i += 50) await Promise.all(Array.from({ length: 50 }, () => call(server, path)))
}

/** A disk of its own; undefined where this is not allowed. */
function mountDisk(size: string) {
  const path = mkdtempSync(join(tmpdir(), 'test-disk-'))
  const unmount = () => execFileSync('umount', ['--lazy', path])
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
  return {
    path,
    [Symbol.dispose]() {
      unmount()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Takes all the room that the disk has left. */
function fill(file: string): void {
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
  expect(statSync(file).size).toBeGreaterThan(0)
}

const linesOf = (log: string): { path?: string; dropped?: number }[] =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
