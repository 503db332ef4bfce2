import type { Figure } from './figures.ts'
import type { Measure } from './load.ts'
import { type PeerName, peerNames } from './peers/peers.ts'

export interface Result {
  readonly figure: Figure
  readonly measures: { ours: Measure; base: Measure } & Partial<Record<PeerName, Measure>>
}

/** The value that the floor and the goal are about. */
export function achieved({ figure: { by }, measures: { ours, base } }: Result): number {
  if (by === 'surplus') return ours.cpuMicros - base.cpuMicros
  return by === 'cpu' ? base.cpuMicros / ours.cpuMicros : ours.perSecond / base.perSecond
}

export function isMissed(result: Result): boolean {
  const { by, floor } = result.figure
  if (floor === undefined) return false
  return by === 'surplus' ? !(achieved(result) <= floor) : !(achieved(result) >= floor)
}

/** A floor or goal, or the value beside it, with its unit. */
export const format = (by: Figure['by'], value: number | undefined): string =>
  value === undefined ? '' : by === 'surplus' ? `${Number(value.toFixed(1))} µs` : value.toFixed(2)

/** Ours beside the base, as a Markdown table. */
export function table(results: Result[]): string {
  const hasDatabase = results.some(({ measures }) => measures.ours.databaseMicros !== undefined)
  const columns: Column[] = [
    ['ours µs', ({ figure, measures }) => micros(figure, measures.ours.cpuMicros)],
    ['base µs', ({ figure, measures }) => micros(figure, measures.base.cpuMicros)],
    ...(hasDatabase ? [databaseColumn] : []),
    ['surplus', (result) => (result.figure.by === 'surplus' ? format('surplus', achieved(result)) : '')],
    ['ratio', ({ figure, measures }) => ratio(figure, measures).toFixed(2)],
    ['floor', ({ figure }) => format(figure.by, figure.floor)],
    ['goal', ({ figure }) => format(figure.by, figure.goal)],
    ['ours req/s', ({ measures }) => measures.ours.perSecond.toFixed(0)],
    ['base req/s', ({ measures }) => measures.base.perSecond.toFixed(0)],
    ['ours p99 ms', ({ measures }) => measures.ours.p99Ms.toFixed(0)],
    ['base p99 ms', ({ measures }) => measures.base.p99Ms.toFixed(0)],
  ]
  return markdown(columns, results)
}

/** Ours beside the peers, as a Markdown table; undefined when none was measured. */
export function peerTable(results: Result[]): string | undefined {
  const measured = results.filter(({ figure }) => figure.peers)
  if (measured.length === 0) return undefined
  const columns = (unit: string, read: (measure: Measure) => string): Column[] => [
    [`ours ${unit}`, ({ measures }) => read(measures.ours)],
    ...peerNames.map((name): Column => [`${name} ${unit}`, ({ measures }) => read(measures[name]!)]),
  ]
  return markdown(
    [
      ...columns('µs', ({ cpuMicros }) => cpuMicros.toFixed(1)),
      ...columns('req/s', ({ perSecond }) => perSecond.toFixed(0)),
    ],
    measured,
  )
}

type Column = [heading: string, cell: (result: Result) => string]

const databaseColumn: Column = ['database µs', ({ measures }) => measures.ours.databaseMicros?.toFixed(1) ?? '']

/** CPU per request says nothing where requests of another kind run beside it. */
const micros = ({ by }: Figure, value: number) => (by === 'rate' ? '' : value.toFixed(1))

const ratio = ({ by }: Figure, { ours, base }: Result['measures']) =>
  by === 'rate' ? ours.perSecond / base.perSecond : base.cpuMicros / ours.cpuMicros

function markdown(columns: Column[], results: Result[]): string {
  const lines = [
    ['', ...columns.map(([heading]) => heading)],
    ['---', ...columns.map(() => '---:')],
    ...results.map((result) => [result.figure.name, ...columns.map(([, cell]) => cell(result))]),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`).join('\n')
}
