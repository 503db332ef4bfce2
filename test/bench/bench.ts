import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchDatabase, describe, openDatabase } from './databases.ts'
import { type Figure, figuresOn } from './figures.ts'
import { measure } from './load.ts'
import { record } from './record.ts'
import { achieved, format, isMissed, peerTable, type Result, table } from './report.ts'
import { setStage } from './stage.ts'

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
})
if (options.write && options.only) throw new Error('--write records everything: leave out --only')

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const database = await openDatabase(options.database, folder)
process.once('SIGINT', () => void database.close().finally(() => process.exit(130)))

let missed: Result[]
try {
  missed = await run(database)
} finally {
  await database.close()
}
process.exit(missed.length === 0 ? 0 : 1)

/** Measures and reports; returns the results that miss their floor. */
async function run(database: BenchDatabase): Promise<Result[]> {
  const figures = figuresOn(await setStage(folder, database))
  const wanted = figures.filter(({ key }) => options.only?.includes(key) ?? true)
  if (wanted.length === 0) throw new Error(`--only: one of ${figures.map(({ key }) => key).join(', ')}`)
  const results: Result[] = []
  for (const figure of wanted) results.push(await resultOf(figure))

  const machine = `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, ${process.platform}.`
  const tables = [table(results), peerTable(results)].filter((text) => text !== undefined)
  const report = [`${machine} ${await describe(database)}.`, ...tables].join('\n\n')
  console.log(report)
  if (options.write) record(database.dialect, report, results)

  const missed = results.filter(isMissed)
  for (const result of missed) console.log(complaint(result))
  return missed
}

async function resultOf(figure: Figure): Promise<Result> {
  console.error(`measuring ${figure.name}`)
  const targets = { ours: figure.ours, base: await figure.base(), ...(await figure.peers?.()) }
  return { figure, measures: await measure(targets, Number(options.rounds), Number(options.seconds)) }
}

function complaint(result: Result): string {
  const { name, by, floor } = result.figure
  return `${name}: ${format(by, achieved(result))} misses the floor of ${format(by, floor)}`
}
