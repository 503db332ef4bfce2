import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { call, emptyFolder, logIn, startServer } from '../support/process.ts'
import { settingsOn } from './databases.ts'

test('a SQLite file that another process locks refuses writes in about a second; reads go on', async () => {
  using folder = emptyFolder()
  const file = join(folder.path, 'task.db')
  await using server = await startServer(folder.path, settingsOn(`sqlite:///${file}`))
  const token = await logIn(server)
  const create = (title: string) => call(server, '/tasks', { title }, token)
  await create('Before')
  const other = new Sqlite(file) // this process is not the server's

  other.exec('begin immediate')
  const start = performance.now()
  let refusedMs: number | undefined
  const writing = Promise.all([create('One'), create('Two')]).finally(() => (refusedMs = performance.now() - start))
  const reads: number[] = []
  while (refusedMs === undefined) reads.push((await call(server, '/tasks', undefined, token)).status)
  const writes = await writing
  const ready = await call(server, '/health/ready')
  other.exec('rollback')
  other.close()
  const resumed = await create('After')

  expect(new Set(reads)).toEqual(new Set([200]))
  expect(reads.length, 'reads do not wait for what writes wait for').toBeGreaterThan(1)
  expect(writes.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
    [503, '1'],
    [503, '1'],
  ])
  expect(refusedMs).toBeGreaterThan(900)
  expect(refusedMs).toBeLessThan(4_000)
  expect([ready.status, resumed.status]).toEqual([503, 201])
  const kept = (await call(server, '/tasks', undefined, token)).json.map(({ title }: { title: string }) => title)
  expect(kept.toSorted()).toEqual(['After', 'Before'])
})
