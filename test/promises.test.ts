import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(root + path, 'utf8')

/** What is wrong with the numbered promises: each ends with a dash and the tests that prove it. */
function unproven(text: string): string[] {
  const promises = text.split('\n').filter((line) => /^\d+\. /.test(line))
  return promises.flatMap((promise) => {
    const [, says, proofs] = /^\d+\. \*\*(.+?)\*\*.* — ([^—]+)$/.exec(promise) ?? []
    if (!says || !proofs) return [`names no test: ${promise}`]
    return proofs.split(', ').flatMap((path) => (isTestFile(path.trim()) ? [] : [`${says} has no test ${path}`]))
  })
}

/** What is wrong with the table of attempts: each row ends with a file and the title of a test in it. */
function untested(rows: string[]): string[] {
  return rows.flatMap((row) => {
    const [attempt, , answer, proof = ''] = cells(row)
    const [, path = '', title = ''] = /^(test\/\S+) > (.+)$/.exec(proof) ?? []
    if (!attempt || !answer) return [`says too little: ${row}`]
    if (!isTestFile(path)) return [`${attempt}: no file ${path || proof}`]
    return titlesOf(read(path)).includes(title) ? [] : [`${attempt}: no test "${title}" in ${path}`]
  })
}

const isTestFile = (path: string) => /^test\/[\w/-]+\.test\.ts$/.test(path) && existsSync(root + path)

const rowsIn = (text: string) => text.split('\n').filter((line) => /^\| (?!attempt|---)/.test(line))

/** What is tried, the request, the answer, the test. */
const cells = (row: string) =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** Titles as they stand in the source; those made of a table hold its placeholders. */
const titlesOf = (source: string) =>
  [...source.matchAll(/[([]\s*(?:'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"),/g)].map(
    ([, single, double]) => single ?? double,
  )

test('every promise of SECURITY.md names the tests that prove it', () => {
  const security = read('SECURITY.md')

  expect(unproven(security)).toEqual([])
  expect(security.match(/^\d+\. \*\*/gm)?.length).toBeGreaterThanOrEqual(10)
})

test('every attack in the table has its test, and there are forty', () => {
  const rows = rowsIn(read('test/attacks.md'))

  expect(untested(rows)).toEqual([])
  expect(new Set(rows.map((row) => cells(row)[0])).size).toBeGreaterThanOrEqual(40)
})

test('a promise or an attack without a test is noticed', () => {
  expect(unproven('1. **We promise.**')).toHaveLength(1)
  expect(unproven('1. **We promise.** — test/nowhere.test.ts')).toHaveLength(1)
  expect(unproven('1. **We promise.** — test/promises.test.ts, test/nowhere.test.ts')).toHaveLength(1)
  expect(unproven('1. **We promise.** Much. — test/promises.test.ts')).toEqual([])
  const row = (proof: string) => untested([`| trying | GET / | 404 | ${proof} |`])
  expect(row('test/promises.test.ts')).toHaveLength(1)
  expect(row('test/nowhere.test.ts > a test')).toHaveLength(1)
  expect(row('test/promises.test.ts > is not there')).toHaveLength(1)
  expect(row('test/promises.test.ts > every promise of SECURITY.md names the tests that prove it')).toEqual([])
})
