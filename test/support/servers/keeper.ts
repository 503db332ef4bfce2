/**
 * Runs a throwaway server until its own standard input closes. That happens however vitest ends, kill -9 included;
 * then it stops the server and removes the folder. Before that, messages can stop, pause and start the server.
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
  /** Ends the server immediately, without waiting for clients or disks. */
  stopSignal: NodeJS.Signals
  user: { uid: number; gid: number } | undefined
}

/** A message without data is the answer that the command was carried out. */
export type Command = 'stop' | 'start' | 'pause' | 'resume'

const { folder, prepare, serve, stopSignal, user } = JSON.parse(process.argv[2]!) as Plan
const log = join(folder, 'log')
const output = openSync(log, 'a')
const ended = Promise.withResolvers<void>()
let closed = false
let isStopped = false
let server: ChildProcess | undefined

process.stdin.resume().once('end', () => {
  closed = true
  if (isStopped) ended.resolve()
  signalAll('SIGCONT')
  server?.kill(stopSignal)
})

process.on('message', async (command: Command) => {
  if (command === 'start') run()
  if (command === 'stop') await stop()
  if (command === 'pause') signalAll('SIGSTOP')
  if (command === 'resume') signalAll('SIGCONT')
  process.send?.('done')
})

function start([command, ...options]: string[]): ChildProcess {
  const env = { PATH: process.env.PATH, TMPDIR: folder } // no settings of the caller's, whose TMPDIR may be private
  return spawn(command!, options, { ...user, env, cwd: folder, stdio: ['ignore', output, output] })
}

function run() {
  isStopped = false
  server = start(serve).once('exit', () => {
    if (closed || !isStopped) ended.resolve()
  })
}

async function stop() {
  isStopped = true
  const exit = once(server!, 'exit')
  server!.kill(stopSignal)
  await exit
}

/** The processes that a server has for its connections do not get the signals that it gets. */
function signalAll(signal: NodeJS.Signals) {
  if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  for (const pid of [server.pid, ...childrenOf(server.pid)]) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended since it was listed.
    }
  }
}

/** None where there is no Linux to list them. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

try {
  const [code] = await once(start(prepare), 'exit')
  if (code === 0 && !closed) {
    run()
    await ended.promise
  }
  if (!closed) process.stderr.write(readFileSync(log))
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
process.exit(closed ? 0 : 1)
