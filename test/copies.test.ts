import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { isEveryTableCopied } from '../src/admin/copies.ts'
import { test } from './support/app.ts'
import { createDatabase } from './support/database.ts'
import { emptyFolder } from './support/process.ts'

const run = promisify(execFile)
const copy = async (from: string, to: string, ...further: string[]) => {
  const options = ['src/admin.ts', 'copy', '--from', from, '--to', to, ...further]
  try {
    const { stdout } = await run(process.execPath, options, { env: { ...process.env, DATABASE_URL: '' } })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }
    return { code, text: stderr }
  }
}

describe('npm run admin -- copy', () => {
  test('takes everything to another database and back, and the server goes on there', async ({
    as,
    databaseUrl,
    buildTestApp,
    db,
  }) => {
    using folder = emptyFolder()
    await using back = await createDatabase()
    const ann = as('ann')
    const parent = await ann.creates({ title: 'Parent 😀', labels: ['home'], due: { date: '2026-12-01' } })
    const child = await ann.creates({ title: 'Child', status: 'completed' })
    const late = await ann.creates({ title: 'Made later, above' })
    await ann.patch(`/tasks/${child.id}`, { parent_id: late.id })
    await ann.post(`/tasks/${parent.id}/comments`, { body: 'x' })
    await ann.post('/tasks', { title: 'keyed' }, { 'idempotency-key': 'k' })
    await ann.delete(`/tasks/${parent.id}`)
    const before = await ann.get('/users/me/export')
    const sqlite = `sqlite:///${join(folder.path, 'copy.db')}`

    const there = await copy(databaseUrl, sqlite)
    const home = await copy(sqlite, back.url)

    expect([there.code, there.text]).toEqual([0, expect.stringMatching(/^copied and compared \d+ rows of 1 account\n/)])
    expect(home.code, home.text).toBe(0)
    const app = await buildTestApp({ DATABASE_URL: back.url })
    const headers = { authorization: `Bearer ${await ann.token}` }
    const after = await app.inject({ url: '/users/me/export', headers })
    const told = (text: string) =>
      JSON.parse(text.replaceAll(/"(etag|exported_at|last_used_at)":"(\\.|[^"])*"/g, '"$1":""'))
    expect(told(after.body)).toEqual(told(before.body))
    const made = await app.inject({ method: 'POST', url: '/tasks', headers, payload: { title: 'Next' } })
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json().id).toBeGreaterThan(late.id)
    const stale = { ...headers, 'if-match': late.etag }
    const changed = await app.inject({
      method: 'PATCH',
      url: `/tasks/${late.id}`,
      headers: stale,
      payload: { title: 'x' },
    })
    expect(changed.statusCode).toBe(412)
    expect(isEveryTableCopied(db)).toBe(true)
  })

  test('refuses a target that is not empty, and goes on with a copy that broke off', async ({ as, databaseUrl }) => {
    using folder = emptyFolder()
    await as('ann').creates({ title: 'a' })
    const sqlite = `sqlite:///${join(folder.path, 'copy.db')}`
    expect((await copy(databaseUrl, sqlite)).code).toBe(0)
    await as('ann').creates({ title: 'later' })

    const again = await copy(databaseUrl, sqlite)
    const same = await copy(databaseUrl, databaseUrl)

    expect(again).toEqual({ code: 1, text: expect.stringContaining('--to is not empty') })
    expect(same).toEqual({ code: 1, text: expect.stringContaining('are the same database') })
    // Feeds have moved on since: what was copied before is not what is there now.
    expect((await copy(databaseUrl, sqlite, '--resume')).text).toContain('is not the same in both')
    expect((await copy(`sqlite:///${join(folder.path, 'none.db')}`, sqlite)).text).toContain('there is no database')
  })
})
