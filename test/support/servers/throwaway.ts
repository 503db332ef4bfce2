import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Command, Plan } from './keeper.ts'

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

/** A server that a test can interrupt. */
export interface Throwaway {
  /** Ends it for good, and removes its folder. */
  end(): Promise<void>
  /** Kills it, as a crash would. */
  stop(): Promise<void>
  /** Starts it again after `stop`, on the same data, and waits until it answers. */
  start(): Promise<void>
  /** Lets it hang: its connections stay, and nothing is answered. Needs Linux. */
  pause(): Promise<void>
  resume(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server and waits until `ping` succeeds. */
export async function startServer(plan: Omit<Plan, 'user'>, ping: () => Promise<unknown>): Promise<Throwaway> {
  const keeper = spawn(process.execPath, [keeperPath, JSON.stringify({ ...plan, user: serverUser })], {
    stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
    detached: true, // out of Ctrl-C's reach, so that it can clean up
  })
  const gone = once(keeper, 'exit')
  const end = async () => {
    keeper.stdin!.end()
    await gone
  }
  const obey = async (command: Command) => {
    const done = once(keeper, 'message')
    keeper.send(command)
    await done
  }
  const answers = async () => {
    for (const deadline = Date.now() + startTimeoutMs; ; await sleep(25)) {
      try {
        await ping()
        return
      } catch (cause) {
        if (keeper.exitCode === null && Date.now() < deadline) continue
        await end()
        throw new Error(`${plan.serve[0]} did not start`, { cause })
      }
    }
  }
  await answers()
  return {
    end,
    stop: () => obey('stop'),
    start: () => obey('start').then(answers),
    pause: () => obey('pause'),
    resume: () => obey('resume'),
    [Symbol.asyncDispose]: end,
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
