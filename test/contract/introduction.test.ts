import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { test } from '../support/app.ts'

test('the commands of the introduction work one after the other, with a curl that has no --json', async ({
  buildTestApp,
}) => {
  const app = await buildTestApp()
  await app.listen({ port: 0 })
  const address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const blocks = [...app.swagger().info!.description!.matchAll(/```sh\n(.*?)```/gs)].map(([, commands]) => commands)
  const script = blocks.join('echo; echo ----\n').replace('http://127.0.0.1:8000', address)

  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script])

  expect(script).toContain(address)
  expect(script).not.toContain('--json')
  const [registered, created, refused, page, filtered, changed, retried, batch, synced, limits, welcome] =
    stdout.split('----\n')
  expect(registered).toContain('"email":"ann@example.org"')
  expect(created).toMatch(/"title":"Buy milk".*"status":"pending"/)
  expect(refused).toContain('"code":"INVALID_INPUT"')
  expect(page).toMatch(/^HTTP\/1.1 200/)
  expect(JSON.parse(filtered!)).toMatchObject([{ title: 'Buy milk' }])
  expect(changed).toContain('"status":"completed"')
  expect(new Set(retried!.match(/"id":\d+/g)).size, 'both attempts made one task').toBe(1)
  expect(JSON.parse(batch!).results).toMatchObject([{ status: 201 }, { status: 201, task: { title: 'Pack' } }])
  const [, changes] = /({"sync_token".*})/.exec(synced!)!
  expect(JSON.parse(changes!)).toMatchObject({ full_sync: false, tasks: [{ title: 'Buy tea' }], deleted: [] })
  expect(limits).toMatch(/^ratelimit-policy: .*\r?\nratelimit: /)
  expect(welcome).toContain('"name":"Task Management API"')
})
