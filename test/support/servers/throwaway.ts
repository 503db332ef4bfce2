import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Plan } from './keeper.ts'

const keeperPath = fileURLToPath(new URL('keeper.ts', import.meta.url))
const startTimeoutMs = 60_000

/** Database servers refuse to be root; there they are nobody. */
export const serverUser = process.getuid?.() === 0 ? { uid: idOfNobody('-u'), gid: idOfNobody('-g') } : undefined

function idOfNobody(flag: string): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
}

/** A folder for a server's data, its user's own. TMPDIR may be private to root, so nobody gets one in /tmp. */
export function serverFolder(name: string): string {
  const folder = mkdtempSync(join(serverUser ? '/tmp' : tmpdir(), `test-${name}-`))
  if (serverUser) chownSync(folder, serverUser.uid, serverUser.gid)
  return folder
}

/** Starts a server and waits until `ping` succeeds; returns what stops it and removes its folder. */
export async function startServer(
  plan: Omit<Plan, 'user'>,
  ping: () => Promise<unknown>,
): Promise<() => Promise<void>> {
  const keeper = spawn(process.execPath, [keeperPath, JSON.stringify({ ...plan, user: serverUser })], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // out of Ctrl-C's reach, so that it can clean up
  })
  const gone = once(keeper, 'exit')
  const stop = async () => {
    keeper.stdin.end()
    await gone
  }
  for (const deadline = Date.now() + startTimeoutMs; ; await sleep(25)) {
    try {
      await ping()
      return stop
    } catch (cause) {
      if (keeper.exitCode === null && Date.now() < deadline) continue
      await stop()
      throw new Error(`${plan.serve[0]} did not start`, { cause })
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
