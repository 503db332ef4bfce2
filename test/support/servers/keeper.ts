/**
 * Runs a throwaway server until its own standard input closes. That happens however vitest ends, kill -9 included;
 * then it stops the server and removes the folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface Plan {
  folder: string
  /** The command that makes the data directory. */
  prepare: string[]
  /** The command that is the server. */
  serve: string[]
  /** Ends the server at once, without waiting for clients or disks. */
  stopSignal: NodeJS.Signals
  user: { uid: number; gid: number } | undefined
}

const { folder, prepare, serve, stopSignal, user } = JSON.parse(process.argv[2]!) as Plan
const log = join(folder, 'log')
const output = openSync(log, 'a')
let closed = false
let server: ChildProcess | undefined

process.stdin.resume().once('end', () => {
  closed = true
  server?.kill(stopSignal)
})

function start([command, ...options]: string[]): ChildProcess {
  const env = { PATH: process.env.PATH, TMPDIR: folder } // no settings of the caller's, whose TMPDIR may be private
  return spawn(command!, options, { ...user, env, cwd: folder, stdio: ['ignore', output, output] })
}

try {
  const [code] = await once(start(prepare), 'exit')
  if (code === 0 && !closed) {
    server = start(serve)
    await once(server, 'exit')
  }
  if (!closed) process.stderr.write(readFileSync(log))
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
process.exit(closed ? 0 : 1)
