import type { Config } from '../config.ts'

/** The command that backs up a database server to this file. */
export function dumpCommand({ database: { dialect, location } }: Config, file: string): string {
  if (dialect === 'postgresql') return `pg_dump --format=custom --no-owner --file=${quoted(file)} ${pgUrl(location)}`
  return `mariadb-dump --single-transaction ${clientOptions(location)} > ${quoted(file)}`
}

/** The command that loads such a file. */
export function loadCommand({ database: { dialect, location } }: Config, file: string): string {
  if (dialect === 'postgresql') {
    return `pg_restore --no-owner --exit-on-error --single-transaction --dbname=${pgUrl(location)} ${quoted(file)}`
  }
  return `mariadb ${clientOptions(location)} < ${quoted(file)}`
}

/** Without the password, which the client asks for or reads from ~/.pgpass. */
function pgUrl(location: string): string {
  const url = new URL(location)
  url.password = ''
  return quoted(url.href)
}

/** A bare --password has the client ask for it. */
function clientOptions(location: string): string {
  const { hostname, port, username, password, pathname } = new URL(location)
  const options = [
    ...(hostname ? [`--host=${hostname.replaceAll(/[[\]]/g, '')}`] : []),
    ...(port ? [`--port=${port}`] : []),
    ...(username ? [`--user=${decodeURIComponent(username)}`] : []),
    ...(password ? ['--password'] : []),
    decodeURIComponent(pathname.slice(1)),
  ]
  return options.map(quoted).join(' ')
}

/** For a POSIX shell. */
const quoted = (text: string) => (/^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
