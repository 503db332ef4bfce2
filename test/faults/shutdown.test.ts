import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { call, emptyFolder, logIn, type Server, startServer } from '../support/process.ts'
import { mailSettings, startSilence } from '../support/smtp.ts'
import { execute } from '../support/sql.ts'
import { settingsOn } from './databases.ts'

/** Ten seconds are promised; the rest is for a machine that is busy. */
const longestMs = 10_000 + 5_000

test('a SIGTERM ends the process in time, whatever clients have open', async () => {
  using folder = emptyFolder()
  const url = `sqlite:///${folder.path}/task.db`
  await using server = await startServer(folder.path, settingsOn(url))
  const token = await logIn(server)
  await fillAccount(url)
  const headers = `Host: x\r\nAuthorization: Bearer ${token}\r\n`
  const post = `POST /tasks HTTP/1.1\r\n${headers}Content-Type: application/json\r\n`
  const sockets = [
    await opened(server, `${post}Content-Length: 100\r\n\r\n{"title":"Half`),
    await opened(server, `${post}Transfer-Encoding: chunked\r\n\r\n8\r\n{"title"`),
    await opened(server, `GET /users/me/export HTTP/1.1\r\n${headers}\r\n`),
    await opened(server, `GET /tasks HTTP/1.1\r\n`),
    await opened(server, ''),
    await keptAlive(server, `GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`),
  ]
  await expect.poll(() => sockets[2]!.readableLength, { message: 'the export has begun' }).toBeGreaterThan(0)
  await sleep(500) // until its buffers are full

  const start = performance.now()
  const exit = await server.end('SIGTERM')
  const endedMs = performance.now() - start

  expect(exit).toEqual({ code: 0, signal: null, stderr: '' })
  expect(endedMs).toBeLessThan(longestMs)
  expect(await execute(url, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  for (const socket of sockets) socket.destroy()
})

test('a mail server that hangs delays no answer, and ends the process in time', async () => {
  using folder = emptyFolder()
  await using silence = await startSilence()
  await using server = await startServer(folder.path, {
    ...settingsOn(`sqlite:///${folder.path}/task.db`),
    ...mailSettings(silence.port),
  })
  await logIn(server)
  const ask = async (email: string) => {
    const start = performance.now()
    const { status } = await call(server, '/auth/password-reset', { email })
    return { status, ms: performance.now() - start }
  }
  await ask('nobody@example.org')

  const answers = []
  for (let n = 0; n < 8; n++) answers.push(await ask('ann@example.org'))
  await expect.poll(() => silence.sockets.size).toBeGreaterThan(0)
  const start = performance.now()
  const exit = await server.end('SIGTERM')
  const endedMs = performance.now() - start

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
  expect(Math.max(...answers.map(({ ms }) => ms)), 'a mail server is given 10 seconds').toBeLessThan(5_000)
  expect(exit).toEqual({ code: 0, signal: null, stderr: '' })
  expect(endedMs).toBeLessThan(longestMs)
})

/** Gives the only account more tasks than all buffers between it and its client can hold. */
const fillAccount = (url: string) =>
  execute(
    url,
    `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 2000)
      insert into tasks (user_id, title, description, status, created_at, updated_at)
      select users.id, 'Task ' || n, replace(hex(zeroblob(10000)), '0', 'x'), 'pending', 1, 1 from numbers, users`,
  )

/** A connection on which this was sent, and from which no more is read than a buffer holds. */
async function opened({ url }: Server, text: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {}) // it is cut in the end
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

async function keptAlive(server: Server, request: string): Promise<Socket> {
  const socket = await opened(server, request)
  await once(socket, 'readable')
  socket.read()
  return socket
}
