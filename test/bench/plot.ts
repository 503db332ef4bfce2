export interface Bar {
  readonly name: string
  readonly value: number
  readonly floor?: number | undefined
  readonly goal?: number | undefined
}

const width = 640
const left = 190
const right = 30
const rowHeight = 34
const barHeight = 16
const top = 44
const bottom = 30

/** A bar for each figure, with marks at its goal and its floor, as an SVG that follows the reader's light or dark theme. */
export function plot(bars: Bar[], unit: string): string {
  const height = top + bars.length * rowHeight + bottom
  const highest = Math.max(...bars.flatMap(({ value, floor = 0, goal = 0 }) => [value, floor, goal]))
  const step = stepFor(highest)
  const end = Math.ceil(highest / step) * step
  const x = (value: number) => round(left + (Math.max(0, value) / end) * (width - left - right))
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, n) => n * step)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(`CPU per request over bare Fastify: ${bars.map(({ name, value }) => `${name} ${label(value, unit)}`).join(', ')}`)}</title>
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .small { font-size: 11px; fill: #57606a }
  .bar { fill: #54aeff }
  .missed { fill: #fb8f44 }
  .grid { stroke: #d0d7de }
  .mark { stroke: #24292f; stroke-width: 2 }
  .goal { stroke-dasharray: 3 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .bar { fill: #1f6feb }
    .missed { fill: #bd561d }
    .grid { stroke: #3d444d }
    .mark { stroke: #f0f6fc }
  }
</style>
${legend()}
${ticks.map((tick) => gridLine(x(tick), tick, height)).join('\n')}
${bars.map((bar, n) => row(bar, top + n * rowHeight, x, unit)).join('\n')}
</svg>
`
}

const legend = () => `<text x="${left}" y="20" class="small">surplus over bare Fastify, µs of CPU per request</text>
<line x1="470" x2="470" y1="9" y2="23" class="mark goal"/><text x="477" y="20" class="small">goal</text>
<line x1="520" x2="520" y1="9" y2="23" class="mark"/><text x="527" y="20" class="small">floor</text>`

const gridLine = (x: number, value: number, height: number) =>
  `<line x1="${x}" x2="${x}" y1="${top - 8}" y2="${height - bottom}" class="grid"/>` +
  `<text x="${x}" y="${height - bottom + 18}" class="small" text-anchor="middle">${value}</text>`

function row({ name, value, floor, goal }: Bar, y: number, x: (value: number) => number, unit: string): string {
  const middle = y + rowHeight / 2
  const barTop = middle - barHeight / 2
  const kind = floor !== undefined && value > floor ? 'missed' : 'bar'
  const mark = (at: number | undefined, kind: string) =>
    at === undefined
      ? ''
      : `<line x1="${x(at)}" x2="${x(at)}" y1="${barTop - 4}" y2="${barTop + barHeight + 4}" class="${kind}"/>`
  return [
    `<text x="10" y="${middle + 4}">${escaped(name)}</text>`,
    `<text x="${left - 10}" y="${middle + 4}" text-anchor="end">${label(value, unit)}</text>`,
    `<rect x="${left}" y="${barTop}" width="${round(x(value) - left)}" height="${barHeight}" class="${kind}"/>`,
    mark(goal, 'mark goal'),
    mark(floor, 'mark'),
  ].join('')
}

/** Four to ten steps of 1, 2 or 5 times a power of ten. */
function stepFor(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 4))
  return power * ([5, 2].find((factor) => highest / (power * factor) >= 4) ?? 1)
}

const label = (value: number, unit: string) => `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`
const round = (value: number) => Number(value.toFixed(1))
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
