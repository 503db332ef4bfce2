import { databaseOver } from './adapter.ts'
import type { Database } from './database.ts'
import type { Driver, DriverOptions } from './driver.ts'
import { parseDatabaseUrl } from './url.ts'

/** Opens the database of a DATABASE_URL. A server is first spoken to by the first query. */
export const connect = async (url: string, options: DriverOptions = {}): Promise<Database> =>
  databaseOver(await openDriver(url, options))

/** Only the driver that is needed is loaded. */
async function openDriver(url: string, options: DriverOptions): Promise<Driver> {
  const { dialect, location } = parseDatabaseUrl(url)
  switch (dialect) {
    case 'sqlite':
      return (await import('./drivers/sqlite.ts')).openSqlite(location)
    case 'postgresql':
      return (await import('./drivers/postgresql.ts')).openPostgresql(location, options)
    case 'mysql':
      return (await import('./drivers/mysql.ts')).openMysql(location, options)
  }
}
