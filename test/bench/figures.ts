import type { Dialect } from '../../src/database/url.ts'
import { argon2Of, bareOf } from './bases.ts'
import type { Target } from './load.ts'
import { type PeerName, peerTargets } from './peers/peers.ts'
import type { Stage } from './stage.ts'

export interface Figure extends Limits {
  readonly name: string
  /** For `--only`. */
  readonly key: string
  readonly ours: Target
  /** Starts what ours is compared with. */
  readonly base: () => Promise<Target>
  /** The same request to the servers that a user might write instead. */
  readonly peers?: (() => Promise<Record<PeerName, Target>>) | undefined
  readonly by: Criterion
}

/**
 * surplus: CPU per request of ours less that of the base, in µs; less is better. cpu: that of the base / that of ours.
 * rate: requests per second of ours / those of the base. Of these two, more is better.
 */
type Criterion = 'surplus' | 'cpu' | 'rate'

interface Limits {
  readonly floor?: number
  readonly goal?: number
}

/** In the unit of the figure's criterion. */
const limits: Record<Dialect, Record<string, Limits>> = {
  sqlite: {
    get: { floor: 18, goal: 10 },
    list: { floor: 80, goal: 50 },
    post: { floor: 48, goal: 35 },
    million: { floor: 0.95, goal: 1 },
    milliondue: { floor: 0.9, goal: 1 },
    millionsync: { floor: 0.9, goal: 1 },
    login: { goal: 0.9 },
    flood: { floor: 0.65, goal: 0.75 },
  },
  postgresql: {},
  mysql: {},
}

/** What is measured, in the order of the report. */
export function figuresOn({ folder, database, requests, peers }: Stage): Figure[] {
  const { one, list, unchanged, byDue, create, change, changeVersion, sync, syncNothing, login } = requests
  const { hoard, hoardByDue, hoardSync } = requests
  const bare = (ours: Target) => ({ ours, base: () => bareOf(ours, folder) })
  const besidePeers = (ours: Target) => ({ ...bare(ours), peers: peers && (() => peerTargets(ours, peers)) })
  const against = (ours: Target, base: Target) => ({ ours, base: async () => base })
  const argon2 = { ours: login, base: () => argon2Of(login, database, folder) }

  const figures: Figure[] = [
    { key: 'get', name: 'GET one', ...besidePeers(one), by: 'surplus' },
    { key: 'list', name: 'list of 50', ...besidePeers(list), by: 'surplus' },
    { key: 'notmodified', name: '304 of the list', ...bare(unchanged), by: 'surplus' },
    { key: 'post', name: 'POST', ...besidePeers(create), by: 'surplus' },
    { key: 'patch', name: 'PATCH', ...besidePeers(change), by: 'surplus' },
    { key: 'patchversion', name: 'PATCH with If-Match', ...bare(changeVersion), by: 'surplus' },
    { key: 'listdue', name: 'list of 50 open by due', ...bare(byDue), by: 'surplus' },
    { key: 'sync', name: 'sync of 500', ...bare(sync), by: 'surplus' },
    { key: 'syncnothing', name: 'sync with nothing new', ...bare(syncNothing), by: 'surplus' },
    { key: 'million', name: 'list: 1,000,000 tasks / 1,000', ...against(hoard, list), by: 'cpu' },
    { key: 'milliondue', name: 'by due: 1,000,000 tasks / 1,000', ...against(hoardByDue, byDue), by: 'cpu' },
    { key: 'millionsync', name: 'sync of 500: 1,000,000 tasks / 1,000', ...against(hoardSync, sync), by: 'cpu' },
    { key: 'login', name: 'login / Argon2', ...argon2, by: 'cpu' },
    { key: 'flood', name: 'GET one in a login flood', ...against({ ...one, beside: login }, one), by: 'rate' },
  ]
  return figures.map((figure) => ({ ...figure, ...limits[database.dialect][figure.key] }))
}
