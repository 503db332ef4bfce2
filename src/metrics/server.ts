import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'

/**
 * A server of its own, on a port of its own: what scrapes it needs no account and meets no limit, and what reaches the
 * API does not reach it. It listens once the app is ready, and closes with it.
 */
export function metricsServer(app: FastifyInstance, registry: Registry, host: string, port: number) {
  const server = createServer((request, response) => void answer(request, response))

  async function answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    // An idle connection that is closed just when it is used again would cost a scrape.
    response.setHeader('connection', 'close')
    if (url !== '/metrics') return void response.writeHead(404).end()
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    try {
      const text = await registry.metrics()
      response.writeHead(200, { 'content-type': registry.contentType }).end(text)
    } catch (err) {
      app.log.error({ err }, 'the metrics could not be read')
      response.writeHead(500).end()
    }
  }

  app.addHook('onReady', async () => {
    server.listen({ host, port })
    try {
      await once(server, 'listening')
    } catch (error) {
      throw new Error(`METRICS_PORT: ${(error as Error).message}`)
    }
    app.log.info(`metrics at ${addressOf(server.address())}`)
  })
  // Until the last request is answered: a slow end is worth a look.
  app.addHook('onClose', async () => {
    server.close()
    server.closeAllConnections()
  })

  return { url: () => (server.listening ? addressOf(server.address()) : undefined) }
}

function addressOf(address: ReturnType<ReturnType<typeof createServer>['address']>): string {
  const { address: host, family, port } = address as AddressInfo
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}/metrics`
}
