import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import mysql from 'mysql2/promise'
import type { TestProject } from 'vitest/node'
import { miss } from './context.ts'
import { freePort, serverFolder, startServer, type Throwaway } from './throwaway.ts'

/** TEST_MYSQL_URL, or a throwaway server by this machine's MariaDB: no npm package ships one. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { TEST_MYSQL_URL: url } = process.env
  if (url) {
    project.provide('serverUrl', url)
    return
  }
  const programs = findMariadb()
  if (programs === undefined) {
    miss(project, `${mysqlRemedy}, or set TEST_MYSQL_URL to a MySQL or MariaDB server`)
    return
  }

  const unsafe = ['--skip-log-bin', '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0']
  const server = await startMysql(programs, [...unsafe, '--max-connections=300', '--skip-ssl'])
  project.provide('serverUrl', server.url)
  return server.end
}

export const mysqlRemedy = 'install MariaDB (apt install mariadb-server)'

interface Programs {
  serve: string
  install: string
}

export function findMariadb(): Programs | undefined {
  const serve = findProgram('mariadbd')
  const install = findProgram('mariadb-install-db')
  return serve === undefined || install === undefined ? undefined : { serve, install }
}

/** Its defaults are durable: it keeps what it committed, even if it is killed. */
export async function startMysql(
  programs: Programs,
  options: string[] = [],
): Promise<Throwaway & { url: string; port: number; socket: string }> {
  const folder = serverFolder('mysql')
  const common = ['--no-defaults', `--datadir=${join(folder, 'data')}`]
  const port = await freePort()
  const socket = join(folder, 'socket')
  const address = [`--socket=${socket}`, '--bind-address=127.0.0.1', `--port=${port}`]
  const url = `mysql://root@127.0.0.1:${port}/mysql`
  const server = await startServer(
    {
      folder,
      prepare: [programs.install, ...common, '--auth-root-authentication-method=normal', '--skip-test-db'],
      serve: [programs.serve, ...common, ...address, ...options, '--performance-schema=off'],
      stopSignal: 'SIGKILL',
    },
    async () => (await mysql.createConnection(url)).end(),
  )
  return { ...server, url, port, socket }
}

/** Debian keeps servers in /usr/sbin, which is not on every user's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
