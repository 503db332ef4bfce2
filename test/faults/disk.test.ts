import { execFileSync } from 'node:child_process'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call, emptyFolder, logIn, startServer } from '../support/process.ts'
import { execute } from '../support/sql.ts'
import { settingsOn } from './databases.ts'

test('a full disk refuses writes with 507 and lets reads go on, until there is room again', async ({ skip }) => {
  using disk = smallDisk() ?? skip('needs a file system of its own: run it as root, where root may mount a tmpfs')
  using folder = emptyFolder()
  const url = `sqlite:///${join(disk.path, 'task.db')}`
  const settings = settingsOn(url)
  await using server = await startServer(folder.path, settings)
  const token = await logIn(server)
  const create = (title: string) => call(server, '/tasks', { title, description: 'x'.repeat(20_000) }, token)
  const first = await create('First')

  const filler = join(disk.path, 'filler')
  fill(filler)
  let acknowledged = 1
  let refused = await create('Last')
  for (; refused.status === 201; refused = await create('Last')) acknowledged++
  const again = await create('Again')
  const read = await call(server, `/tasks/${first.json.id}`, undefined, token)
  const list = await call(server, '/tasks?limit=1', undefined, token)
  const live = await call(server, '/health/live')
  rmSync(filler)
  // The room on the disk is looked at ten times a second.
  await expect.poll(async () => (await create('Resumed')).status).toBe(201)

  expect(refused.status).toBe(507)
  expect(refused.json.code).toBe('STORAGE_FULL')
  expect(again.status).toBe(507)
  expect([read.status, read.json.title, list.status, live.status]).toEqual([200, 'First', 200, 200])
  expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  expect(await execute(url, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  expect(await execute(url, 'select count(*) as kept from tasks')).toEqual([{ kept: acknowledged + 1 }])
})

/** A disk of 8 MB, taken away at the end of a `using`; undefined where none may be mounted. */
function smallDisk() {
  const folder = emptyFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder.path], { stdio: 'ignore' })
  } catch {
    folder[Symbol.dispose]()
    return undefined
  }
  return {
    path: folder.path,
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', folder.path])
      folder[Symbol.dispose]()
    },
  }
}

/** Takes all the room but for a few writes. */
function fill(path: string) {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4_096, 1), { flag: 'a' })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
  truncateSync(path, statSync(path).size - 200_000)
}
