import { describe, expect, onTestFinished } from 'vitest'
import { DatabaseUnavailable } from '../../src/database/database.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { dialect, test } from '../support/database.ts'
import { makeCertificate } from '../support/servers/certificate.ts'
import { findMariadb, startMysql } from '../support/servers/mysql.ts'
import { findBinaries, startPostgresql } from '../support/servers/postgresql.ts'
import { execute } from '../support/sql.ts'

/** Connects; returns nothing, or the reason why not. */
async function reasonOf(url: string, work?: () => Promise<void>): Promise<string | undefined> {
  const db = await connect(parseDatabaseUrl(url))
  try {
    await db.pendingMigrations()
    await work?.()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DatabaseUnavailable)
    return (error as Error).message
  } finally {
    await db.close()
  }
}

describe.runIf(dialect === 'postgresql')('a PostgreSQL server', () => {
  const noTls = /does not support SSL/
  const untrusted = /self-signed/

  test('is connected to with TLS as sslmode says, and by its Unix socket', async () => {
    using certificate = makeCertificate()
    const { cert, key } = certificate
    const options = [`ssl_cert_file=${cert}`, `ssl_key_file=${key}`].flatMap((setting) => ['-c', setting])
    const server = await startPostgresql((await findBinaries())!, options)
    onTestFinished(server.end)
    const admin = (...statements: string[]) => execute(server.url, ...statements)
    const isEncrypted = async () => {
      const query = `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'probe'`
      return (await admin(query)).map(({ ssl }) => ssl)
    }
    const outcome = async (parameters: string, host = '127.0.0.1') => {
      let encrypted: unknown[] = []
      const url = `postgresql://postgres@${host}:${server.port}/postgres?application_name=probe&${parameters}`
      const reason = await reasonOf(url, async () => {
        encrypted = await isEncrypted()
      })
      return reason ?? (encrypted.includes(true) ? 'encrypted' : 'plain')
    }
    const ca = `sslrootcert=${cert}`

    expect(await outcome('sslmode=disable')).toBe('plain')
    expect(await outcome('sslmode=prefer')).toBe('plain')
    expect(await outcome('sslmode=require')).toMatch(noTls)
    expect(await outcome(`sslmode=verify-full&${ca}`)).toMatch(noTls)

    await admin('alter system set ssl = on', 'select pg_reload_conf()')
    await expect.poll(() => outcome('sslmode=prefer')).toBe('encrypted')
    expect(await outcome('sslmode=disable')).toBe('plain')
    expect(await outcome('sslmode=allow')).toBe('plain')
    expect(await outcome('sslmode=require')).toBe('encrypted')
    expect(await outcome('ssl=require')).toBe('encrypted')
    expect(await outcome('ssl=true')).toMatch(untrusted)
    expect(await outcome('sslmode=verify-ca')).toMatch(untrusted)
    expect(await outcome(`sslmode=verify-ca&${ca}`)).toBe('encrypted')
    expect(await outcome(`sslmode=require&${ca}`)).toBe('encrypted')
    expect(await outcome(`sslmode=verify-full&${ca}`)).toMatch(/altnames|IP/)
    expect(await outcome(`sslmode=verify-full&${ca}`, 'localhost')).toBe('encrypted')

    const socket = `postgresql://postgres@/postgres?host=${server.folder}&port=${server.port}`
    expect(await reasonOf(socket)).toBeUndefined()
    expect(await reasonOf(`${socket}&sslmode=prefer`)).toBeUndefined()
    expect(await reasonOf(`postgresql://nobody@127.0.0.1:${server.port}/postgres`)).toMatch(/role "nobody"/)
    expect(await reasonOf(`postgresql://postgres@127.0.0.1:${server.port}/none`)).toMatch(/"none" does not exist/)
  })
})

describe.runIf(dialect === 'mysql')('a MySQL server', () => {
  test('is connected to with TLS as ssl-mode says, and by its Unix socket', async () => {
    using certificate = makeCertificate()
    const { cert, key } = certificate
    const server = await startMysql(findMariadb()!, [`--ssl-cert=${cert}`, `--ssl-key=${key}`])
    onTestFinished(server.end)
    await execute(server.url, "create user 'secured'@'%' require ssl", "grant all on *.* to 'secured'@'%'")
    const outcome = (parameters: string, host = '127.0.0.1') =>
      reasonOf(`mysql://secured@${host}:${server.port}/mysql?${parameters}`)
    const ca = `ssl-ca=${cert}`

    expect(await outcome('ssl-mode=DISABLED')).toMatch(/denied/)
    expect(await outcome('ssl-mode=PREFERRED')).toBeUndefined()
    expect(await outcome('ssl-mode=REQUIRED')).toBeUndefined()
    expect(await outcome('ssl-mode=VERIFY_CA')).toMatch(/self-signed/)
    expect(await outcome(`ssl-mode=VERIFY_CA&${ca}`)).toBeUndefined()
    expect(await outcome(`ssl-mode=VERIFY_IDENTITY&${ca}`, 'localhost')).toBeUndefined()
    expect(await reasonOf(`mysql://root@/mysql?unix_socket=${server.socket}`)).toBeUndefined()
  })

  test('without TLS is refused where TLS is required', async ({ databaseUrl, skip }) => {
    const [row] = await execute(databaseUrl, 'select @@have_ssl as had')
    skip(row?.had !== 'DISABLED', 'this server has TLS')

    expect(await reasonOf(`${databaseUrl}?ssl-mode=REQUIRED`)).toBe('the server does not support TLS')
    expect(await reasonOf(`${databaseUrl}?ssl-mode=PREFERRED`)).toBeUndefined()
  })
})
