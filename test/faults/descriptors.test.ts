import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { call, emptyFolder, logIn, type Server, startServer } from '../support/process.ts'
import { quickly } from '../support/quick-start.ts'
import { settingsOn } from './databases.ts'

test('a server that runs out of file descriptors lives, and serves again when connections go', async () => {
  using folder = emptyFolder()
  const settings = settingsOn(`sqlite:///${folder.path}/task.db`)
  await using server = await startServer(folder.path, settings, quickly.options, 'ulimit -n 64')
  const token = await logIn(server)
  const create = (title: string) => call(server, '/tasks', { title }, token)
  await create('Before')

  const sockets = await Promise.all(Array.from({ length: 200 }, () => opened(server)))
  await expect.poll(() => sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(100)
  for (const socket of sockets) socket.destroy()
  await expect.poll(() => create('After').then(({ status }) => status, String)).toBe(201)

  expect((await call(server, '/tasks', undefined, token)).json).toHaveLength(2)
  expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
})

/** A connection that sends nothing, if it is taken. */
async function opened({ url }: Server): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').resume()
  socket.on('error', () => {}) // it is refused
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  return socket
}
