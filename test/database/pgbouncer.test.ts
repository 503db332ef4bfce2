import { describe, expect } from 'vitest'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { createDatabase, dialect, test } from '../support/database.ts'
import { pgbouncer, startPgbouncer } from '../support/servers/pgbouncer.ts'
import { execute } from '../support/sql.ts'
import { addUser } from './people.ts'

const isMissing = dialect === 'postgresql' && pgbouncer === undefined
if (isMissing && process.env.CI) throw new Error('CI must test with PgBouncer, which is missing')
if (isMissing) process.stderr.write('PgBouncer is missing, and its tests are skipped: apt install pgbouncer\n')

describe.skipIf(dialect !== 'postgresql' || isMissing)('PgBouncer with pool_mode=transaction', () => {
  // `false` is wrong: the driver learns it from the first statement that misses what it prepared.
  test.for(['', '?pgbouncer=true', '?pgbouncer=false'])(
    'serves as the database itself does (%s)',
    async (parameter) => {
      await using database = await createDatabase()
      await using bouncer = await startPgbouncer(database.url)
      const db = await connect(parseDatabaseUrl(bouncer.url + parameter))
      await db.migrate()
      await db.ready()

      const work = Array.from({ length: 40 }, async () => {
        const user = await addUser(db)
        const { id } = user
        await db.transaction(async (tx) => {
          await tx.lock(tx.tables.users, { id })
          await tx.updateOne(tx.tables.users, { id }, { isActive: false })
        })
        const found = await Promise.all(Array.from({ length: 10 }, () => db.find(db.tables.users, { id })))
        expect(found).toEqual(Array(10).fill({ ...user, isActive: false }))
      })

      await Promise.all(work)
      await db.close()
    },
  )

  test('keeps neither settings nor prepared statements of ours', async () => {
    await using database = await createDatabase()
    await using bouncer = await startPgbouncer(database.url)
    const db = await connect(parseDatabaseUrl(bouncer.url))
    await db.migrate()
    await Promise.all(Array.from({ length: 10 }, () => addUser(db)))
    await db.close()

    const [row] = await execute(
      bouncer.url,
      `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        (select count(*)::int from pg_prepared_statements where name <> '') as prepared`,
    )

    expect(row).toEqual({ statement: '0', lock: '0', prepared: 0 })
  })

  test('lets one of several processes migrate', async () => {
    await using database = await createDatabase()
    await using bouncer = await startPgbouncer(database.url)
    const dbs = await Promise.all(['', '', ''].map(() => connect(parseDatabaseUrl(bouncer.url))))

    const applied = await Promise.all(dbs.map((db) => db.migrate()))

    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
    for (const db of dbs) await db.close()
  })
})
