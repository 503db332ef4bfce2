import { fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface Server {
  readonly url: string
  /** CPU time that all threads of the process have used, in µs. */
  cpuMicros(): Promise<number>
}

/** Starts a server in a process of its own, in the folder, with nothing of our environment; its log goes to a file. */
export async function startServer(entry: string, folder: string, env: Record<string, string>): Promise<Server> {
  const port = await freePort()
  const log = openSync(join(folder, `${port}.log`), 'w')
  const process = fork(fileURLToPath(new URL(entry, import.meta.url)), {
    cwd: folder,
    env: { ...env, PORT: String(port) },
    execArgv: ['--import', new URL('cpu.ts', import.meta.url).href],
    stdio: ['ignore', log, 'inherit', 'ipc'],
  })
  const server: Server = {
    url: `http://127.0.0.1:${port}`,
    async cpuMicros() {
      const answer = once(process, 'message')
      process.send('cpu')
      const [micros] = await answer
      return micros
    },
  }
  while (!(await answers(server))) {
    if (process.exitCode !== null) throw new Error(`${entry} did not start`)
    await sleep(50)
  }
  return server
}

const answers = ({ url }: Server) =>
  fetch(`${url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  )

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  return port
}
