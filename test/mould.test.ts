import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import { expect, inject, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const copied = ['src', 'test', 'drizzle', 'package.json', 'tsconfig.json', 'drizzle.config.ts']

/** All that a new domain touches outside its folder: what stands after which text. */
const insertions: [file: string, after: string, text: string][] = [
  [
    'src/app.ts',
    "import { ProblemDocument } from './http/schemas.ts'\n",
    `import { deleteOldNotes } from './notes/expiry.ts'
import { exportedNotes } from './notes/export.ts'
import { noteRoutes, notesTag } from './notes/routes.ts'\n`,
  ],
  ['src/app.ts', 'const tags = [', 'notesTag, '],
  ['src/app.ts', 'const chores: readonly Chore[] = [', 'deleteOldNotes, '],
  ['src/app.ts', 'export const exported: readonly ExportEntry[] = [', 'exportedNotes, '],
  ['src/app.ts', "taskRoutes, { prefix: '/tasks' })\n", "  await app.register(noteRoutes, { prefix: '/notes' })\n"],
  [
    'src/tables/tables.ts',
    "import type { Kit } from '../database/kit.ts'\n",
    "import { defineNotes } from '../notes/table.ts'\n",
  ],
  ['src/tables/tables.ts', '    tasks,\n', '    notes: defineNotes(k, users),\n'],
  ...['sqlite', 'postgresql', 'mysql'].map((dialect): [string, string, string] => [
    `src/tables/${dialect}.ts`,
    'export const {\n',
    '  notes,\n',
  ]),
]

test.runIf(inject('dialect') === 'sqlite')(
  'a new domain touches its folder, app.ts and tables/, and no test',
  { timeout: 600_000 },
  async () => {
    using copy = copyOfTheProject()
    cpSync(join(root, 'test/mould/notes'), join(copy.path, 'src/notes'), { recursive: true })
    renameSync(join(copy.path, 'src/notes/notes.test.ts'), join(copy.path, 'test/notes.test.ts'))
    for (const insertion of insertions) insert(copy.path, ...insertion)

    await copy.run('npm', 'run', 'db:generate', '--', '--name', 'notes')
    await copy.run('npx', 'tsc', '-p', '.')
    const tests = ['test/contract', 'test/export', 'test/housekeeping', 'test/database/uniques', 'test/notes.test']
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']
    const output = await copy.run(process.execPath, ...vitest, '--project', 'sqlite', ...tests)

    expect(readdirSync(join(copy.path, 'drizzle/mysql')).some((name) => name.endsWith('_notes.sql'))).toBe(true)
    expect(output).toMatch(/^\d{2,} passed, 0 failed/m)
  },
)

function copyOfTheProject() {
  const path = mkdtempSync(join(tmpdir(), 'mould-'))
  for (const name of copied) cpSync(join(root, name), join(path, name), { recursive: true })
  for (const name of ['test/mould', 'test/mould.test.ts']) rmSync(join(path, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'), 'junction')
  return {
    path,
    /** Returns what the command wrote; throws it, too, when the command fails. */
    async run(command: string, ...args: string[]): Promise<string> {
      const options = { cwd: path, env: ownEnvironment(), maxBuffer: 100_000_000, shell: process.platform === 'win32' }
      try {
        return stripVTControlCharacters((await promisify(execFile)(command, args, options)).stdout)
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string }
        throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
      }
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Without what this run of the tests tells its workers. */
const ownEnvironment = () => {
  const isOurs = (name: string) =>
    !/^(VITEST|TINYPOOL|NODE_ENV$|NODE_OPTIONS$|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isOurs(name)))
}

function insert(root: string, file: string, after: string, text: string) {
  const source = readFileSync(join(root, file), 'utf8')
  const [before, rest, ...more] = source.split(after)
  if (rest === undefined || more.length > 0) throw new Error(`${file} does not have this once: ${after}`)
  writeFileSync(join(root, file), before + after + text + rest)
}
