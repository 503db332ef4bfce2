interface Line {
  readonly level: number
  readonly time: string
  readonly msg?: string
  readonly ms?: number
  readonly user_id?: number
  readonly address?: string
  readonly err?: { readonly stack?: string; readonly message?: string }
}

/** A line of the log as a person reads it on a terminal. */
export function readableLine(json: string): string {
  const { level, time, msg = '', ...facts } = JSON.parse(json) as Line
  const clock = new Date(time).toLocaleTimeString('en-GB')
  return printable(`${clock} ${level < 40 ? '' : `${levelNames[level] ?? level}: `}${msg}${detailsOf(facts)}`)
}

const levelNames: Record<number, string> = { 40: 'warning', 50: 'error', 60: 'fatal' }

function detailsOf({ err, ms, user_id, address, ...others }: Omit<Line, 'level' | 'time'>): string {
  if (ms !== undefined) return ` in ${ms} ms${user_id === undefined ? '' : `, user ${user_id}`}, from ${address}`
  const named = { ...others, ...(user_id !== undefined && { user_id }), ...(address !== undefined && { address }) }
  const details = Object.entries(named).map(([name, value]) => ` ${name}=${plain(value)}`)
  return `${details.join('')}${err ? `\n${err.stack || err.message}` : ''}`
}

const plain = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** Control characters as escapes: a path can hold some, and a terminal would obey them. */
const printable = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  `${text.replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}\n`
