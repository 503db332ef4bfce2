import { fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/servers/throwaway.ts'

export interface Server {
  readonly url: string
  /** CPU time that all threads of the process have used, in µs. */
  cpuMicros(): Promise<number>
  /** The same of the database server that it uses, where there is one and it can be known. */
  readonly databaseCpuMicros?: (() => number) | undefined
}

/** Starts a server in a process of its own, in the folder, with nothing of our environment; its log goes to a file. */
export async function startServer(
  entry: string,
  folder: string,
  env: Record<string, string>,
  flags: string[] = [],
): Promise<Server> {
  const port = await freePort()
  const log = openSync(join(folder, `${port}.log`), 'w')
  const process = fork(fileURLToPath(new URL(entry, import.meta.url)), {
    cwd: folder,
    env: { ...env, PORT: String(port) },
    execArgv: [...flags, '--import', new URL('cpu.ts', import.meta.url).href],
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

/** Starts our server as `npm start` does, with the same flags of Node. */
export function startOurs(folder: string, env: Record<string, string>): Promise<Server> {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const flags = /^node (.*)src\/server\.ts$/.exec(scripts.start)?.[1]
  if (flags === undefined) throw new Error('the start script is not "node [flags] src/server.ts"')
  return startServer('../../src/server.ts', folder, env, flags.split(' ').filter(Boolean))
}

const answers = ({ url }: Server) =>
  fetch(`${url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  )
