import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { buildApp } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import { DatabaseUnavailable } from './database/database.ts'
import { QueryFailed } from './database/driver.ts'
import { flushLog } from './http/log.ts'
import { answerOn } from './http/sockets.ts'
import { version } from './version.ts'

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
  app.log.info({ version, database: config.database.dialect, node: process.version }, 'starting')
  const address = openable(await app.listen({ host: config.host, port: config.port }))
  app.log.info(config.docsEnabled ? `API documentation at ${address}/docs` : `API at ${address}`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
  process.once('exit', flushLog)

  async function stop(signal: string) {
    app.log.info({ signal }, 'finishing the requests that were begun')
    // Node's own would cut answers that are written but not yet read by a slow client, and runs only once.
    app.server.closeIdleConnections = () => {}
    setInterval(() => [...app.connections.keys()].forEach(endIfIdle), 50)
    setTimeout(() => app.server.closeAllConnections(), drainMs)
    await app.close()
    process.exit(0)
  }
}

function endIfIdle(socket: Socket) {
  if (!answerOn(socket)) socket.destroySoon()
}

/** A browser cannot open the address that stands for all of a host's own. */
function openable(address: string): string {
  return address.replace(/\/\/(0\.0\.0\.0|\[::\]):/, '//localhost:')
}

/** What the operator can fix, in one line; a fault of ours with its stack. */
function reasonOf(error: unknown): string {
  const { code = '', message, stack } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || code === 'EACCES') return `PORT: ${message}`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return `HOST: ${message}`
  if (error instanceof DatabaseUnavailable) return `DATABASE_URL: the database is not available (${message})`
  if (error instanceof QueryFailed) return `DATABASE_URL: the database refused (${message})`
  const isExpected = error instanceof ConfigError || (error as Error).constructor === Error
  return isExpected ? message : String(stack)
}
