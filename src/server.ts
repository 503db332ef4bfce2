import { existsSync } from 'node:fs'
import { buildApp } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import { flushLog } from './log.ts'

/** How long requests that were begun may take to finish after SIGTERM; then their connections are cut. */
const drainMs = 9_000

try {
  if (existsSync('.env')) process.loadEnvFile()
  await serve()
} catch (error) {
  flushLog()
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`)
  process.exit(1)
}

async function serve() {
  const config = loadConfig(process.env)
  const app = await buildApp(config)
  const address = await app.listen({ host: config.host, port: config.port })
  if (config.docsEnabled) app.log.info(`API documentation at ${address}/docs`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
  process.once('exit', flushLog)

  async function stop(signal: string) {
    app.log.info({ signal }, 'finishing what was begun')
    const cut = setTimeout(() => app.server.closeAllConnections(), drainMs)
    await app.close()
    clearTimeout(cut)
    process.exit(0)
  }
}
