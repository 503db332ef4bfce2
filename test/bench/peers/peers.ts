import { ask, type Target } from '../load.ts'
import { type Server, startServer } from '../servers.ts'

const entries = { Express: 'peers/express.ts', Hono: 'peers/hono.ts' } as const

export type PeerName = keyof typeof entries
export const peerNames = Object.keys(entries) as PeerName[]

/** Starts each peer on the file that our server uses, with the key that signs our tokens. */
export async function startPeers(folder: string, file: string, secret: string): Promise<Record<PeerName, Server>> {
  const env = { NODE_ENV: 'production', DATABASE_FILE: file, SECRET_KEY: secret }
  const started = peerNames.map(async (name) => [name, await startServer(entries[name], folder, env)])
  return Object.fromEntries(await Promise.all(started))
}

/**
 * The same request to each peer. Throws when one does not answer as ours does, in the fields that it knows: it has those of
 * a plain task, and ours has more to read and to send.
 */
export async function peerTargets(ours: Target, peers: Record<PeerName, Server>): Promise<Record<PeerName, Target>> {
  const expected = await answerOf(ours)
  const targets: [PeerName, Target][] = []
  for (const name of peerNames) {
    const target = { ...ours, server: peers[name] }
    const answer = await answerOf(target)
    if (!isPartOf(answer, expected)) {
      throw new Error(`${name} answers ${JSON.stringify(answer)}, but ours ${JSON.stringify(expected)}`)
    }
    targets.push([name, target])
  }
  return Object.fromEntries(targets) as Record<PeerName, Target>
}

/** What is answered; a write's without the ids and times, which differ each time. */
async function answerOf(target: Target): Promise<unknown> {
  const text = await (await ask(target)).text()
  return JSON.parse(target.method === undefined ? text : text.replaceAll(/"(id|\w+_at)":("[^"]*"|\d+)/g, '"$1":0'))
}

function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part !== 'object' || part === null) return part === whole
  const [theirs, ours] = [part, whole] as Record<string, unknown>[]
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return false
  return Object.entries(theirs!).every(([name, value]) => isPartOf(value, ours![name]))
}
