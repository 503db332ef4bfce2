import { readFileSync, writeFileSync } from 'node:fs'
import type { Dialect } from '../../src/database/url.ts'
import { plot } from './plot.ts'
import { achieved, type Result } from './report.ts'

const readme = new URL('README.md', import.meta.url)
const svg = new URL('results.svg', import.meta.url)

const headings: Record<Dialect, string> = { sqlite: 'SQLite', postgresql: 'PostgreSQL', mysql: 'MySQL or MariaDB' }

/** Keeps the report between the dialect's markers in the README and, of SQLite, the surpluses as a plot beside it. */
export function record(dialect: Dialect, report: string, results: Result[]): void {
  const [begin, end] = [`<!-- results of ${dialect} -->`, `<!-- end of ${dialect} -->`]
  const text = readFileSync(readme, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`README.md has no ${begin} … ${end}`)
  writeFileSync(
    readme,
    `${text.slice(0, from + begin.length)}\n### ${headings[dialect]}\n\n${report}\n${text.slice(to)}`,
  )
  if (dialect === 'sqlite') writeFileSync(svg, plotOf(results))
}

const plotOf = (results: Result[]) =>
  plot(
    results
      .filter(({ figure }) => figure.by === 'surplus')
      .map((result) => ({ ...result.figure, value: achieved(result) })),
    'µs',
  )
