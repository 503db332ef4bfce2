import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quickly } from './quick-start.ts'

export const entry = fileURLToPath(new URL('../../src/server.ts', import.meta.url))

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

/**
 * The server as `npm start` runs it, in this folder, with these settings and no others, on a port that is free. `before`
 * are commands of a shell that come first: its limits are then the server's.
 */
export async function startServer(
  folder: string,
  settings: Record<string, string> = {},
  options: readonly string[] = quickly.options,
  before = ':',
) {
  const command = [process.execPath, ...options, entry]
  const child = spawn('sh', ['-c', `${before}; exec "$@"`, 'sh', ...command], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...quickly.env, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exit: Promise<Exit> = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  const url = await new Promise<string | undefined>((resolve) => {
    void exit.then(() => resolve(undefined))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const address = /Server listening at (http:[^"]+)/.exec(stdout)?.[1]
      if (address) resolve(address)
    })
  })

  return {
    /** Where it listens; an empty text if it never did. */
    url: url ?? '',
    exit,
    log: () => stdout,
    end: (signal: NodeJS.Signals) => {
      child.kill(signal)
      return exit
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

export type Server = Awaited<ReturnType<typeof startServer>>

/** Expects that the server does not start. */
export async function failToStart(folder: string, settings: Record<string, string>): Promise<Exit> {
  await using server = await startServer(folder, settings)
  if (server.url) throw new Error('it started')
  return server.exit
}

/** An empty folder, removed at the end of a `using`. */
export function emptyFolder() {
  const path = mkdtempSync(join(tmpdir(), 'test-process-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A client of a server, over HTTP: the path, what is sent, and the token to send it with. */
export async function call(server: Pick<Server, 'url'>, path: string, body?: object, token?: string, further = {}) {
  const response = await fetch(server.url + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...further,
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads, it asserts
  return { status: response.status, headers: response.headers, json: (text && JSON.parse(text)) as any }
}

export const account = { email: 'ann@example.org', password: 'correct horse battery' }

/** Logs the account in, which is registered first where it is new; returns its token. */
export async function logIn(server: Pick<Server, 'url'>): Promise<string> {
  await call(server, '/auth/register', account)
  return (await call(server, '/auth/login', account)).json.access_token
}
