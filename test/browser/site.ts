import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium, devices } from 'playwright-core'
import { inject } from 'vitest'
import { test as base } from '../support/app.ts'
import './chromium.ts'

const serverPath = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const quiet = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map((part) => `--disable-${part}`)

/**
 * Tests in a browser: `site` is the address of a server process with a database of its own, `page` a fresh browser's, `phone` a phone's,
 * `faults` what its console, its content security policy and its network complained about.
 */
export const test = base
  .extend('site', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const server = spawn(process.execPath, [serverPath], {
      cwd: tmpdir(), // not here, where a .env may be
      env: { DATABASE_URL: databaseUrl, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = once(server, 'exit')
    onCleanup(async () => {
      server.kill()
      await gone
    })
    return addressOf(server)
  })
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }) => {
    const browser = await chromium.launch({
      executablePath: inject('chromiumPath'),
      args: ['--no-first-run', ...quiet],
      chromiumSandbox: process.getuid?.() !== 0,
    })
    onCleanup(() => browser.close())
    return browser
  })
  .extend('page', async ({ browser }, { onCleanup }) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    onCleanup(() => context.close())
    context.setDefaultTimeout(20_000)
    return context.newPage()
  })
  .extend('phone', async ({ browser }, { onCleanup }) => {
    const context = await browser.newContext({ ...devices['Pixel 7'] })
    onCleanup(() => context.close())
    context.setDefaultTimeout(20_000)
    return context.newPage()
  })
  .extend('faults', ({ page }) => {
    const faults: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(message.text())
    })
    page.on('pageerror', ({ message }) => faults.push(message))
    page.on('requestfailed', (request) => faults.push(`${request.url()}: ${request.failure()?.errorText}`))
    return faults
  })

async function addressOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout! })) {
    const address = /http:[^"]+(?=\/docs)/.exec(line)
    if (!address) continue
    server.stdout!.resume()
    return address[0]
  }
  throw new Error('the server did not start')
}
