import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import type { TestProject } from 'vitest/node'
import './context.ts'
import { freePort, serverFolder, startServer, type Throwaway } from './throwaway.ts'

export const redisRemedy = 'install Redis (apt install redis-server)'

/** A throwaway server by this machine's Redis: no npm package ships one. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!hasRedis()) {
    if (process.env.CI) throw new Error(`CI must test with Redis, which is missing: ${redisRemedy}`)
    project.provide('missingRedis', redisRemedy)
    return
  }
  const server = await startRedis()
  project.provide('redisUrl', server.url)
  return server.end
}

export async function startRedis(): Promise<Throwaway & { url: string }> {
  const folder = serverFolder('redis')
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const server = await startServer(
    {
      folder,
      prepare: ['true'],
      serve: ['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      stopSignal: 'SIGKILL',
    },
    async () => {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => {})
      await client.connect()
      client.disconnect()
    },
  )
  return { ...server, url }
}

export function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'])
    return true
  } catch {
    return false
  }
}
