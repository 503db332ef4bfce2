import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in ticks of 10 ms wherever Node runs: USER_HZ is 100. */
const tickMicros = 10_000

/** CPU time that the process and its children, also those that ended, have used, in µs (proc(5)). */
export function cpuMicrosOf(pid: number): number {
  const own = statOf(pid)
  if (own === undefined) throw new Error(`process ${pid} has ended`)
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid)
  const ticks = own.ticks + own.ticksOfEnded + children.reduce((sum, child) => sum + child!.ticks, 0)
  return ticks * tickMicros
}

function statOf(pid: number): { parent: number; ticks: number; ticksOfEnded: number } | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined // it ended after the folder was read
  }
  // The name in parentheses may hold spaces; the fields after it are numbered from 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return { parent: field(4), ticks: field(14) + field(15), ticksOfEnded: field(16) + field(17) }
}
