import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { Server } from './servers.ts'

/** A request that is repeated, who answers it, and what else they are asked meanwhile. */
export interface Target {
  readonly server: Server
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: object
  readonly beside?: Target
}

export interface Measure {
  readonly cpuMicros: number
  readonly perSecond: number
  readonly p99Ms: number
}

export interface Comparison {
  readonly ours: Measure
  readonly base: Measure
}

const connections = 32

/** The medians of some rounds of each, taken in turn, so that what else the machine does meets them alike. */
export async function compare(ours: Target, base: Target, rounds: number, seconds: number): Promise<Comparison> {
  await load(ours, seconds)
  await load(base, seconds)
  const taken: Comparison[] = []
  for (let round = 0; round < rounds; round++) {
    taken.push({ ours: await load(ours, seconds), base: await load(base, seconds) })
  }
  return { ours: medians(taken.map(({ ours }) => ours)), base: medians(taken.map(({ base }) => base)) }
}

async function load(target: Target, seconds: number): Promise<Measure> {
  const { server } = target
  const cpuBefore = await server.cpuMicros()
  const [result] = await Promise.all([send(target, seconds), target.beside && send(target.beside, seconds)])
  await idle(server)
  const cpuMicros = (await server.cpuMicros()) - cpuBefore
  return {
    // What was under way at the end costs like the rest, though nobody waited for its answer.
    cpuMicros: cpuMicros / result.requests.sent,
    perSecond: result['2xx'] / result.duration,
    p99Ms: result.latency.p99,
  }
}

async function send({ server, method = 'GET', path, headers, body }: Target, seconds: number) {
  const result = await autocannon({
    url: server.url + path,
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    connections,
    duration: seconds,
    timeout: 60,
  })
  if (result['2xx'] === 0 || result.non2xx + result.errors > 0) {
    throw new Error(`${method} ${path}: ${result['2xx']} answered, ${result.non2xx} refused, ${result.errors} failed`)
  }
  return result
}

async function idle(server: Server) {
  let before: number
  do {
    before = await server.cpuMicros()
    await sleep(50)
  } while ((await server.cpuMicros()) - before > 5_000)
}

const medians = (measures: Measure[]): Measure => ({
  cpuMicros: median(measures.map(({ cpuMicros }) => cpuMicros)),
  perSecond: median(measures.map(({ perSecond }) => perSecond)),
  p99Ms: median(measures.map(({ p99Ms }) => p99Ms)),
})

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
