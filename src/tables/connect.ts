import type { Database } from '../database/database.ts'
import type { Driver, DriverOptions } from '../database/driver.ts'
import { databaseOver } from '../database/transactions.ts'
import type { DatabaseUrl } from '../database/url.ts'

/** Opens a database with our tables. A server is first spoken to by the first query. */
export const connect = async (url: DatabaseUrl, options: DriverOptions = {}): Promise<Database> =>
  databaseOver(await openDriver(url, options))

/** Only the driver that is needed is loaded. */
async function openDriver(url: DatabaseUrl, options: DriverOptions): Promise<Driver> {
  switch (url.dialect) {
    case 'sqlite': {
      const [{ openSqlite }, tables] = await Promise.all([
        import('../database/drivers/sqlite.ts'),
        import('./sqlite.ts'),
      ])
      return openSqlite(tables, url.location, options)
    }
    case 'postgresql': {
      const [{ openPostgresql }, tables] = await Promise.all([
        import('../database/drivers/postgresql.ts'),
        import('./postgresql.ts'),
      ])
      return openPostgresql(tables, url.server, options)
    }
    case 'mysql': {
      const [{ openMysql }, tables] = await Promise.all([import('../database/drivers/mysql.ts'), import('./mysql.ts')])
      return openMysql(tables, url.server, options)
    }
  }
}
