import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { Server } from './servers.ts'

/** A request that is repeated, the server that answers it, and the other request that the server gets at the same time. */
export interface Target {
  readonly server: Server
  readonly method?: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: object
  /** Every answer must have this status; 200 by default. */
  readonly status?: number
  readonly beside?: Target
}

export interface Measure {
  readonly cpuMicros: number
  /** CPU time of the database server. */
  readonly databaseMicros: number | undefined
  readonly perSecond: number
  readonly p99Ms: number
}

const connections = 32

/** Medians of some rounds of each, taken in turn, so that other work on the machine meets all of them alike. */
export async function measure<Targets extends Record<string, Target>>(
  targets: Targets,
  rounds: number,
  seconds: number,
): Promise<{ [Name in keyof Targets]: Measure }> {
  const turns = Object.entries(targets).map(([name, target]) => ({ name, target, taken: [] as Measure[] }))
  for (const { target } of turns) await load(target, Math.max(1, seconds / 2)) // to warm up
  for (let round = 0; round < rounds; round++) {
    for (const { target, taken } of turns) taken.push(await load(target, seconds))
  }
  const measures = turns.map(({ name, taken }) => [name, medians(taken)])
  return Object.fromEntries(measures) as { [Name in keyof Targets]: Measure }
}

/** The request once. Throws when the answer has another status than it should. */
export async function ask({ server, method = 'GET', path, headers, body, status = 200 }: Target): Promise<Response> {
  const reply = await fetch(server.url + path, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (reply.status !== status) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`)
  return reply
}

async function load(target: Target, seconds: number): Promise<Measure> {
  const { server } = target
  const before = await cpuTimes(server)
  const [result] = await Promise.all([send(target, seconds), target.beside && send(target.beside, seconds)])
  await idle(server)
  const after = await cpuTimes(server)
  // Requests under way at the end cost like the rest, though nobody waited for their answers.
  const { sent } = result.requests
  return {
    cpuMicros: (after.own - before.own) / sent,
    databaseMicros: before.database === undefined ? undefined : (after.database! - before.database) / sent,
    perSecond: result.requests.total / result.duration,
    p99Ms: result.latency.p99,
  }
}

const cpuTimes = async (server: Server) => ({ own: await server.cpuMicros(), database: server.databaseCpuMicros?.() })

async function send({ server, method = 'GET', path, headers, body, status = 200 }: Target, seconds: number) {
  const result = await autocannon({
    url: server.url + path,
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    connections,
    duration: seconds,
    timeout: 60,
  })
  const answered = JSON.stringify(result.statusCodeStats)
  const isRight = Object.keys(result.statusCodeStats ?? {}).every((code) => code === String(status))
  if (!isRight || result.requests.total === 0 || result.errors > 0) {
    throw new Error(`${method} ${path}: ${seconds} s answered ${answered}, ${result.errors} failed`)
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
  databaseMicros: medianIfAny(measures.map(({ databaseMicros }) => databaseMicros)),
  perSecond: median(measures.map(({ perSecond }) => perSecond)),
  p99Ms: median(measures.map(({ p99Ms }) => p99Ms)),
})

function medianIfAny(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known)
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
