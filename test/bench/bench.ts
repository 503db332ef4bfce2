import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Figure, prepareFigures } from './figures.ts'
import { type Comparison, compare } from './load.ts'

interface Result extends Omit<Figure, keyof Comparison>, Comparison {
  readonly ratio: number
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
process.once('SIGINT', () => process.exit(130))

console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}\n`)
const results: Result[] = []
for (const figure of await prepareFigures(folder)) {
  if (options.only && !options.only.includes(figure.key)) continue
  console.error(`measuring ${figure.name}`)
  results.push(await measure(figure))
}
if (results.length === 0) throw new Error(`--only: no figure is called ${options.only}`)
console.log(table(results))
const missed = results.filter(({ ratio, floor = 0 }) => !(ratio >= floor))
for (const { name, floor } of missed) console.log(`${name} is below its floor of ${floor}`)
process.exit(missed.length === 0 ? 0 : 1)

async function measure(figure: Figure): Promise<Result> {
  const { ours, base } = await compare(figure.ours, figure.base, Number(options.rounds), Number(options.seconds))
  const ratio = figure.by === 'rate' ? ours.perSecond / base.perSecond : base.cpuMicros / ours.cpuMicros
  return { ...figure, ours, base, ratio }
}

function table(results: Result[]): string {
  const lines = [
    ['', 'ours µs', 'base µs', 'ratio', 'floor', 'goal', 'ours req/s', 'base req/s', 'ours p99 ms', 'base p99 ms'],
    ['---', ...Array(9).fill('---:')],
    ...results.map(row),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`).join('\n')
}

function row({ name, by, ours, base, ratio, floor, goal }: Result): string[] {
  const micros = (value: number) => (by === 'cpu' ? value.toFixed(1) : '')
  return [
    name,
    micros(ours.cpuMicros),
    micros(base.cpuMicros),
    ratio.toFixed(2),
    floor?.toFixed(2) ?? '',
    goal.toFixed(2),
    ours.perSecond.toFixed(0),
    base.perSecond.toFixed(0),
    ours.p99Ms.toFixed(0),
    base.p99Ms.toFixed(0),
  ]
}
