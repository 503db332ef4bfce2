import pg from 'pg'
import { describe, expect, inject } from 'vitest'
import { DatabaseUnavailable } from '../../src/database/database.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { createDatabase, dialect, test } from '../support/database.ts'
import { execute } from '../support/sql.ts'
import { addTask } from './people.ts'

async function connected(url: string) {
  const db = await connect(parseDatabaseUrl(url))
  return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() })
}

test.skipIf(dialect === 'sqlite')('a column that is altered under a running server fails nothing', async () => {
  await using database = await createDatabase()
  await using db = await connected(database.url)
  await db.migrate()
  const { id, userId } = await addTask(db)
  const { tasks } = db.tables
  const use = () =>
    Promise.all([
      ...Array.from({ length: 8 }, () => db.find(tasks, { id })),
      db.updateOne(tasks, { id }, { title: 'again' }),
      db.transaction((tx) => tx.lock(tasks, { id })),
      db.writing(userId, (tx, changeSeq) => tx.updateOne(tasks, { id }, { title: 'again', changeSeq })),
    ])
  await use()

  for (const type of ['text', 'varchar(600)']) {
    const alter = dialect === 'mysql' ? `modify title ${type} not null` : `alter column title type ${type}`
    await execute(database.url, `alter table tasks ${alter}`)

    for (const row of await use()) expect(row).toMatchObject({ id })
  }
})

describe.runIf(dialect === 'postgresql')('a PostgreSQL database', () => {
  test.for(['LATIN1', 'SQL_ASCII'])(
    'of encoding %s is refused with the command that makes a right one',
    async (encoding) => {
      const name = `test_${encoding.toLowerCase()}_${Date.now()}`
      const server = inject('serverUrl')!
      const create = `create database ${name} encoding '${encoding}' locale_provider libc locale 'C' template template0`
      await execute(server, create)
      const db = await connect(parseDatabaseUrl(Object.assign(new URL(server), { pathname: name }).href))

      await expect(db.checkCharacters()).rejects.toThrow(encoding)
      const failure = await db.migrate().catch((error) => error)
      await db.close()
      const [, command] = /: (create database "(?:.*?)" .*;)$/.exec(failure.message) ?? []
      await execute(server, command!)
      const right = await connect(parseDatabaseUrl(Object.assign(new URL(server), { pathname: `${name}_utf8` }).href))

      await right.migrate()
      await right.ready()
      expect(await addTask(right)).toMatchObject({ id: expect.any(Number) })
      await right.close()
      await execute(server, `drop database ${name}`)
      await execute(server, `drop database ${name}_utf8`)
    },
  )

  test('is migrated without the right to create schemas where the schema is there; a missing right is named', async () => {
    await using database = await createDatabase()
    const role = `role_${Date.now()}`
    const asRole = Object.assign(new URL(database.url), { username: role }).href
    const name = new URL(database.url).pathname.slice(1)
    await execute(database.url, `create role ${role} login`)
    await using db = await connected(asRole)
    const failure = () =>
      db.migrate().then(
        () => 'none',
        (error: Error) => error.message,
      )

    const noSchema = await failure()
    await execute(database.url, 'create schema drizzle')
    const noUse = await failure()
    await execute(database.url, `grant create, usage on schema drizzle to ${role}`)
    const noTables = await failure()
    await execute(database.url, `grant create on schema public to ${role}`)

    expect(noSchema).toContain(
      `42501): permission denied for database ${name}. Run: grant create on database "${name}" to`,
    )
    expect(noUse).toContain(
      `permission denied for schema drizzle. Run: grant create, usage on schema drizzle to "${role}"`,
    )
    expect(noTables).toContain(
      `42501, permission denied for schema public. Nothing was changed. Run: grant create on schema public to "${role}"`,
    )
    expect(await db.migrate()).not.toEqual([])
    await db.ready()
    await execute(database.url, `drop owned by ${role}`, `drop role ${role}`)
  })

  test('that another process migrates for too long says so', async () => {
    await using database = await createDatabase()
    const other = new pg.Client(database.url)
    await other.connect()
    await other.query(`select pg_advisory_lock(hashtext('migrations'))`)
    const db = await connect(parseDatabaseUrl(database.url), { migrationLockSeconds: 1 })

    await expect(db.migrate()).rejects.toThrow(new DatabaseUnavailable('another process is migrating (55P03)'))
    await other.end()
    expect(await db.migrate()).not.toEqual([])
    await db.close()
  })

  test('whose session forgot its time zone is read right', ({ db }) => {
    const { createdAt } = db.tables.users

    for (const text of ['2026-01-31 03:30:00.5+00', '2026-01-31 06:30:00.5+03', '2026-01-31 09:00:00.5+05:30']) {
      expect(createdAt.mapFromDriverValue(text)).toBe(Date.parse('2026-01-31T03:30:00.500Z'))
    }
  })
})

describe.runIf(dialect === 'mysql')('a MySQL database', () => {
  test.for(['latin1', 'utf8mb3'])('of character set %s is made right by the first migration', async (characters) => {
    await using database = await createDatabase()
    await execute(database.url, `alter database character set ${characters}`)
    await using db = await connected(database.url)

    await db.migrate()

    await db.checkCharacters()
    expect(await addTask(db)).toMatchObject({ id: expect.any(Number) })
  })

  test.for(['latin1', 'utf8mb3'])(
    'or a table turned to %s is refused with the command that helps',
    async (characters) => {
      await using database = await createDatabase()
      await using db = await connected(database.url)
      await db.migrate()
      const repair = async () => {
        const failure = await db.checkCharacters().catch((error) => error)
        await expect(db.migrate()).rejects.toThrow(failure.message)
        const [, command] = /Run: (alter .*);$/.exec(failure.message) ?? []
        await execute(database.url, command!)
        await db.checkCharacters()
      }

      await execute(database.url, `alter database character set ${characters}`)
      await repair()
      await execute(database.url, `alter table tasks convert to character set ${characters}`)
      await repair()
    },
  )
})
