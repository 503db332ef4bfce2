import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { sentTo, unsentTo } from '../http/sockets.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every open connection. */
    connections: Pick<ReadonlyMap<Socket, unknown>, 'keys'>
  }
}

/** How long a client may leave an answer unread, and how often that is looked at. */
const patienceMs = 10_000
const checkMs = 500

/**
 * Ends the connection of a client that stops reading: the answer that waits for it holds memory. Node's own timeout of
 * a socket would take up to twice as long, and cut requests that wait for the server.
 */
export const connections = fp(
  async function connections(app: FastifyInstance) {
    const open = new Map<Socket, { sent: number; since: number }>()
    app.decorate('connections', open)
    app.server.on('connection', (socket) => {
      open.set(socket, { sent: 0, since: Date.now() })
      socket.once('close', () => open.delete(socket))
    })

    const check = setInterval(() => {
      const now = Date.now()
      for (const [socket, progress] of open) {
        const sent = sentTo(socket)
        if (sent !== progress.sent || unsentTo(socket) === 0) open.set(socket, { sent, since: now })
        else if (now - progress.since >= patienceMs) cut(socket)
      }
    }, checkMs).unref()
    app.addHook('onClose', async () => clearInterval(check))

    function cut(socket: Socket): void {
      app.log.info({ address: socket.remoteAddress }, 'closed the connection of a client that stopped reading')
      socket.resetAndDestroy() // which frees what the operating system keeps for it, too
    }
  },
  { name: 'connections' },
)
