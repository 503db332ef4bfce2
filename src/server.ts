import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { buildApp } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import { DatabaseUnavailable } from './database/database.ts'
import { QueryFailed } from './database/driver.ts'
import { flushLog } from './log.ts'

/** How long requests that were begun may take to finish after SIGTERM; then their connections are cut. */
const drainMs = 9_000

try {
  if (existsSync('.env')) process.loadEnvFile()
  await serve()
} catch (error) {
  flushLog()
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exit(1)
}

async function serve() {
  const config = loadConfig(process.env)
  const app = await buildApp(config)
  const connections = new Set<Socket>()
  app.server.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  const address = await app.listen({ host: config.host, port: config.port })
  if (config.docsEnabled) app.log.info(`API documentation at ${address}/docs`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
  process.once('exit', flushLog)

  async function stop(signal: string) {
    app.log.info({ signal }, 'finishing what was begun')
    // Node's own would cut answers that are written but not yet read by a slow client, and runs only once.
    app.server.closeIdleConnections = () => {}
    setInterval(() => connections.forEach(endIfIdle), 50)
    setTimeout(() => app.server.closeAllConnections(), drainMs)
    await app.close()
    process.exit(0)
  }
}

function endIfIdle(socket: Socket) {
  const answer = (socket as { _httpMessage?: object | null })._httpMessage
  if (!answer) socket.destroySoon()
}

/** What whoever starts the server can mend, in one line; a fault of ours with its stack. */
function reasonOf(error: unknown): string {
  const { code = '', message, stack } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || code === 'EACCES') return `PORT: ${message}`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return `HOST: ${message}`
  if (error instanceof DatabaseUnavailable) return `DATABASE_URL: the database is not available (${message})`
  if (error instanceof QueryFailed) return `DATABASE_URL: the database refused (${message})`
  const isExpected = error instanceof ConfigError || (error as Error).constructor === Error
  return isExpected ? message : String(stack)
}
