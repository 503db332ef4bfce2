import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { describe, expect } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { test } from './support/app.ts'
import { createDatabase, dialect } from './support/database.ts'
import { account, call, emptyFolder, logIn, type Server, startServer } from './support/process.ts'
import { quickly } from './support/quick-start.ts'
import { makeDatabaseOf, releases } from './support/releases.ts'

const entry = fileURLToPath(new URL('../src/admin.ts', import.meta.url))

describe('new-epoch', () => {
  test('refuses every ETag that was issued before, and none that is issued after', async ({ as, databaseUrl }) => {
    const [ann, bob] = [as('ann'), as('bob')]
    const [task] = await Promise.all([ann.creates({ title: 'Buy milk' }), bob.creates({ title: 'Buy bread' })])
    const path = `/tasks/${task.id}`
    const before = await Promise.all([ann.get(path), ann.get('/tasks'), bob.get('/tasks')])
    const [one, list, bobs] = before.map(({ headers }) => String(headers.etag))

    const { code, stdout, stderr } = await admin(databaseUrl, ['new-epoch'])

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^began a new epoch for \d+ accounts: earlier ETags are refused\n$/)
    const changed = await ann.put(path, { title: 'Stale' }, { 'if-match': one! })
    expect([changed.statusCode, changed.json().code]).toEqual([412, 'PRECONDITION_FAILED'])
    const reads = await Promise.all([
      ann.get(path, undefined, { 'if-none-match': one! }),
      ann.get('/tasks', undefined, { 'if-none-match': list! }),
      bob.get('/tasks', undefined, { 'if-none-match': bobs! }),
    ])
    expect(reads.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(reads[0]?.json()).toEqual({ ...task, etag: reads[0]?.headers.etag })
    const current = { 'if-match': String(reads[0]?.headers.etag) }
    expect((await ann.put(path, { title: 'Buy bread' }, current)).statusCode).toBe(200)
  })

  test('is later than the one before, even when the clock goes back', async ({ as, db, databaseUrl }) => {
    const { id } = await as('cat').user
    const future = Date.now() + 3_600_000
    await db.updateMany(db.tables.changeFeeds, { userId: id }, { epoch: future })

    await admin(databaseUrl, ['new-epoch'])

    expect((await db.find(db.tables.changeFeeds, { userId: id }))?.epoch).toBe(future + 1)
  })
})

test('--version says the version', async ({ databaseUrl }) => {
  expect(await admin(databaseUrl, ['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

describe.runIf(dialect === 'sqlite')('backup', () => {
  test('copies the database while the server writes, with all that was answered', async () => {
    using folder = emptyFolder()
    await using server = await startServer(folder.path)
    const token = await logIn(server)
    const answered: number[] = []
    let isOver = false
    const writing = (async () => {
      while (!isOver) answered.push((await call(server, '/tasks', { title: 'Meanwhile' }, token)).json.id)
    })()
    await expect.poll(() => answered.length).toBeGreaterThan(20)
    const before = [...answered]

    const { code, stdout, stderr } = await adminIn(folder.path, ['backup', 'copy.db'])
    isOver = true
    await writing

    const copy = join(folder.path, 'copy.db')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`to ${copy}: `)
    expect(stdout).toContain(`keep ${join(folder.path, 'task.db.secret')} too`)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    expect(idsIn(copy)).toEqual(expect.arrayContaining(before))
    expect(readdirSync(folder.path).filter((name) => name.startsWith('copy'))).toEqual(['copy.db'])
  })

  test('overwrites nothing', async () => {
    using folder = emptyFolder()
    await (await startServer(folder.path)).end('SIGTERM')
    const file = join(folder.path, 'copy.db')
    writeFileSync(file, 'precious')

    const { code, stderr } = await adminIn(folder.path, ['backup', 'copy.db'])

    expect([code, stderr]).toEqual([1, `admin: ${file} already exists\n`])
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  test('says what it cannot copy, and leaves nothing behind', async () => {
    using folder = emptyFolder()
    const absent = await adminIn(folder.path, ['backup', 'copy.db'])
    new Sqlite(join(folder.path, 'task.db')).exec('create table other (id integer)').close()
    const foreign = await adminIn(folder.path, ['backup', 'copy.db'])
    const nowhere = await adminIn(folder.path, ['backup', 'no/where/copy.db'])
    writeFileSync(join(folder.path, 'task.db'), 'not a database, whatever its name says'.repeat(100))
    const broken = await adminIn(folder.path, ['backup', 'copy.db'])

    expect([absent, foreign, nowhere, broken].map(({ stderr }) => stderr)).toEqual([
      expect.stringMatching(/^admin: there is no database at [^\n]+\n$/),
      'admin: it is not a database of this API\n',
      expect.stringMatching(/^admin: [^\n]+ cannot be created: ENOENT\n$/),
      expect.stringMatching(/^admin: [^\n]+ cannot be copied: SQLITE_NOTADB\n$/),
    ])
    expect(readdirSync(folder.path)).toEqual(['task.db'])
  })
})

describe.runIf(dialect === 'sqlite')('restore', () => {
  test('gives back what was backed up, in a new epoch, and keeps what it replaces', async () => {
    using folder = emptyFolder()
    const first = await startServer(folder.path)
    const token = await logIn(first)
    const { json: kept } = await call(first, '/tasks', { title: 'In the backup' }, token)
    await adminIn(folder.path, ['backup', 'copy.db'])
    const { json: lost, headers } = await call(first, '/tasks', { title: 'After the backup' }, token)

    const whileServed = await adminIn(folder.path, ['restore', 'copy.db', '--replace'])
    const unharmed = await call(first, `/tasks/${lost.id}`, undefined, token)
    await first.end('SIGTERM')
    const untold = await adminIn(folder.path, ['restore', 'copy.db'])
    const restored = await adminIn(folder.path, ['restore', 'copy.db', '--replace'])

    const file = join(folder.path, 'task.db')
    expect([whileServed.code, whileServed.stderr]).toEqual([1, `admin: a server has ${file} open: stop it first\n`])
    expect(unharmed.status).toBe(200)
    expect([untold.code, untold.stderr]).toEqual([1, `admin: ${file} already exists\n`])
    expect([restored.code, restored.stderr]).toEqual([0, ''])
    const previous = /^kept the previous database as (.+)$/m.exec(restored.stdout)?.[1] ?? ''
    expect(idsIn(previous)).toEqual([kept.id, lost.id])
    expect(statSync(file).mode & 0o777).toBe(0o600)

    await using second = await startServer(folder.path)
    const { json: again } = await call(second, '/auth/login', account)
    const list = await call(second, '/tasks', undefined, again.access_token)
    expect(list.json).toEqual([{ ...kept, etag: expect.not.stringMatching(kept.etag) }])
    const { json: other } = await call(
      second,
      '/tasks',
      { title: 'With the number of the lost one' },
      again.access_token,
    )
    expect(other.id).toBe(lost.id)
    expect(await statusOfChange(second, other.id, again.access_token, String(headers.get('etag')))).toBe(412)
  })

  test('needs no database to be there, and migrates a backup of an earlier version', async () => {
    using folder = emptyFolder()
    const copy = join(folder.path, 'copy.db')
    await makeDatabaseOf(releases[0]!, `sqlite:///${copy}`)

    const { code, stdout, stderr } = await adminIn(folder.path, ['restore', 'copy.db'])

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`restored ${join(folder.path, 'task.db')} from ${copy}: 3 accounts, in a new epoch`)
    expect(idsIn(join(folder.path, 'task.db'))).toEqual([1, 2, 3, 4])
  })

  test('refuses what is not a whole backup, and changes nothing', async () => {
    using folder = emptyFolder()
    await (await startServer(folder.path)).end('SIGTERM')
    await adminIn(folder.path, ['backup', 'copy.db'])
    const bytes = readFileSync(join(folder.path, 'copy.db'))
    writeFileSync(join(folder.path, 'torn.db'), bytes.fill(7, 8_192, 20_480))
    writeFileSync(join(folder.path, 'cut.db'), bytes.subarray(0, 10_000))
    writeFileSync(join(folder.path, 'empty.db'), '')
    const before = readFileSync(join(folder.path, 'task.db'))

    for (const name of ['torn.db', 'cut.db', 'empty.db', 'absent.db', 'task.db']) {
      const { code, stdout, stderr } = await adminIn(folder.path, ['restore', name, '--replace'])
      expect([name, code, stdout]).toEqual([name, 1, ''])
      expect(stderr).toMatch(/^admin: [^\n]+\n$/)
    }

    expect(readFileSync(join(folder.path, 'task.db'))).toEqual(before)
    expect(
      readdirSync(folder.path)
        .filter((name) => name.startsWith('task.db'))
        .toSorted(),
    ).toEqual(['task.db', 'task.db.secret'])
  })
})

describe.skipIf(dialect === 'sqlite')('a database server', () => {
  const [dump, load] = dialect === 'mysql' ? ['mariadb-dump', 'mariadb'] : ['pg_dump', 'pg_restore']

  test('is backed up and restored by its own commands, which backup and restore name', async ({
    as,
    databaseUrl,
    skip,
  }) => {
    const ann = as('dumped')
    await ann.creates({ title: 'Buy milk' })
    using folder = emptyFolder()
    await using empty = await createDatabase()
    const file = join(folder.path, "dump's file")

    const backup = await admin(databaseUrl, ['backup', file])
    const restore = await admin(empty.url, ['restore', file])

    expect([backup.code, restore.code]).toEqual([1, 1])
    expect(backup.stderr).toMatch(new RegExp(`^admin: [^\\n]+: ${dump} [^\\n]+\\n$`))
    expect(restore.stderr).toMatch(
      new RegExp(`^admin: [^\\n]+: ${load} [^\\n]+; then run npm run admin -- new-epoch\\n$`),
    )
    expect(backup.stderr + restore.stderr).not.toContain('hidden')
    const commands = [
      /(?:pg_dump|mariadb-dump) .+/.exec(backup.stderr)?.[0],
      /(?:pg_restore|mariadb) --.+(?=; then)/.exec(restore.stderr)?.[0],
    ]
    const [dumped, loaded] = commands.map((command) => spawnSync('sh', ['-c', String(command)], { encoding: 'utf8' }))
    // pg_dump refuses a server that is newer than itself, as the one that the suite brings is on Debian.
    if (/server version mismatch|not found/.test(String(dumped?.stderr))) skip(`${dump} is missing or too old`)
    expect([dumped?.stderr, dumped?.status, loaded?.stderr, loaded?.status]).toEqual(['', 0, '', 0])
    expect((await admin(empty.url, ['new-epoch'])).code).toBe(0)
    const users = await admin(empty.url, ['list-users'])
    expect(users.stdout).toContain(ann.email)
  })

  test('is named without its password', async () => {
    const url = `${dialect}://ann:hidden@db.example:1234/tasks`

    const { stderr } = await admin(url, ['backup', 'file'])

    expect(stderr).toContain(dump)
    expect(stderr).toContain('db.example')
    expect(stderr).not.toContain('hidden')
  })
})

const admin = (databaseUrl: string, args: string[]) => run(args, tmpdir(), { DATABASE_URL: databaseUrl })

/** On the database that a server in this folder has by default. */
const adminIn = (folder: string, args: string[]) => run(args, folder, {})

async function run(args: string[], cwd: string, settings: Record<string, string>) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>()
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...quickly.env, ...settings }
  execFile(process.execPath, [...quickly.options, entry, ...args], { cwd, env }, (error, stdout, stderr) =>
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
  )
  return promise
}

function idsIn(file: string): number[] {
  expect(existsSync(file)).toBe(true)
  const client = new Sqlite(file, { readonly: true })
  expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
  const ids = client.prepare<[], number>('select id from tasks order by id').pluck().all()
  client.close()
  return ids
}

async function statusOfChange(server: Server, id: number, token: string, tag: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': tag }
  const body = JSON.stringify({ title: 'Stale' })
  return (await fetch(`${server.url}/tasks/${id}`, { method: 'PUT', headers, body })).status
}
