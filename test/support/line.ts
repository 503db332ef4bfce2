import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The same server by way of a line that can be slow, paused and cut. */
export async function tapped(serverUrl: string) {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let isPaused = false
  let delayMs = 0
  const server = createServer((near) => {
    const far = connectSocket(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      let underway = 0
      let sent = Promise.resolve()
      from.on('data', (data) => {
        if (delayMs === 0 && underway === 0) return void to.write(data)
        const due = performance.now() + delayMs
        underway++
        sent = sent.then(async () => {
          await sleep(due - performance.now())
          underway--
          to.write(data)
        })
      })
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      if (isPaused) from.pause()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    url: Object.assign(new URL(target), { hostname: '127.0.0.1', port: (server.address() as AddressInfo).port }).href,
    /** How long data takes from now on, in either direction. */
    delay(ms: number) {
      delayMs = ms
    },
    pause() {
      isPaused = true
      for (const socket of sockets) socket.pause()
    },
    resume() {
      isPaused = false
      for (const socket of sockets) socket.resume()
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
    },
  }
}
