import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import mysql from 'mysql2/promise'
import type { TestProject } from 'vitest/node'
import { miss } from './context.ts'
import { freePort, serverFolder, startServer } from './throwaway.ts'

/** TEST_MYSQL_URL, or a throwaway server by this machine's MariaDB: no npm package ships one. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { TEST_MYSQL_URL: url } = process.env
  if (url) {
    project.provide('serverUrl', url)
    return
  }
  const mariadbd = findProgram('mariadbd')
  const install = findProgram('mariadb-install-db')
  if (mariadbd === undefined || install === undefined) {
    miss(project, 'install MariaDB (apt install mariadb-server), or set TEST_MYSQL_URL to a MySQL or MariaDB server')
    return
  }

  const folder = serverFolder('mysql')
  const options = ['--no-defaults', `--datadir=${join(folder, 'data')}`]
  const port = await freePort()
  const address = [`--socket=${join(folder, 'socket')}`, '--bind-address=127.0.0.1', `--port=${port}`]
  const unsafe = ['--skip-log-bin', '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0']
  const serverUrl = `mysql://root@127.0.0.1:${port}/mysql`
  const stop = await startServer(
    {
      folder,
      prepare: [install, ...options, '--auth-root-authentication-method=normal', '--skip-test-db'],
      serve: [mariadbd, ...options, ...address, ...unsafe, '--max-connections=300', '--performance-schema=off'],
      stopSignal: 'SIGKILL',
    },
    async () => (await mysql.createConnection(serverUrl)).end(),
  )
  project.provide('serverUrl', serverUrl)
  return stop
}

/** Debian keeps servers in /usr/sbin, which is not on every user's PATH. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
