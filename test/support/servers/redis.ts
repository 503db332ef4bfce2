import { execFileSync } from 'node:child_process'
import { Redis } from 'ioredis'
import type { TestProject } from 'vitest/node'
import './context.ts'
import { freePort, serverFolder, startServer } from './throwaway.ts'

const remedy = 'install Redis (apt install redis-server)'

/** A throwaway server by this machine's Redis: no npm package ships one. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!isInstalled()) {
    if (process.env.CI) throw new Error(`CI must test with Redis, which is missing: ${remedy}`)
    project.provide('missingRedis', remedy)
    return
  }
  const folder = serverFolder('redis')
  const port = await freePort()
  const redisUrl = `redis://127.0.0.1:${port}`
  const stop = await startServer(
    {
      folder,
      prepare: ['true'],
      serve: ['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      stopSignal: 'SIGKILL',
    },
    async () => {
      const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null })
      client.on('error', () => {})
      await client.connect()
      client.disconnect()
    },
  )
  project.provide('redisUrl', redisUrl)
  return stop
}

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'])
    return true
  } catch {
    return false
  }
}
