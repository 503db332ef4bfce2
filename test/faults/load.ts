import { setTimeout as sleep } from 'node:timers/promises'
import { call, type Server } from '../support/process.ts'

interface Answer {
  /** 0 when the connection broke. */
  status: number
  ms: number
  retryAfter: string | null
}

let loads = 0

/** Clients that each write a task and read one, over and over, until `stop`. They share the servers between them. */
export function underLoad(servers: Server[], token: string, clients = 8) {
  const name = `load ${++loads}`
  const answers: Answer[] = []
  const acknowledged: string[] = []
  let isOver = false

  async function send(server: Server, path: string, body?: object): Promise<Answer> {
    const start = performance.now()
    const { status, headers } = await call(server, path, body, token).catch(() => ({ status: 0, headers: undefined }))
    const answer = { status, ms: performance.now() - start, retryAfter: headers?.get('retry-after') ?? null }
    answers.push(answer)
    if (status === 0) await sleep(20)
    return answer
  }

  const running = Array.from({ length: clients }, async (_, client) => {
    const server = servers[client % servers.length]!
    for (let i = 0; !isOver; i++) {
      const title = `${name}, ${client}-${i}`
      const { status } = await send(server, '/tasks', { title })
      if (status === 201) acknowledged.push(title)
      if (!isOver) await send(server, '/tasks?limit=1')
    }
  })

  return {
    answers,
    /** The titles of the tasks that were answered with 201. */
    acknowledged,
    statuses: () => [...new Set(answers.map(({ status }) => status))].sort(),
    async stop() {
      isOver = true
      await Promise.all(running)
    },
  }
}

/** Those of these titles that no task has. */
export async function missing(server: Server, token: string, titles: string[]): Promise<string[]> {
  const kept = new Set(await titlesOf(server, token))
  return titles.filter((title) => !kept.has(title))
}

export async function titlesOf(server: Server, token: string): Promise<string[]> {
  const titles: string[] = []
  for (let path: string | undefined = '/tasks?limit=500'; path; ) {
    const { json, headers } = await call(server, path, undefined, token)
    for (const { title } of json) titles.push(title)
    const link: string | undefined = /<([^>]+)>/.exec(headers.get('link') ?? '')?.[1]
    const next: URL | undefined = link === undefined ? undefined : new URL(link, server.url + path)
    path = next && next.pathname + next.search
  }
  return titles
}
