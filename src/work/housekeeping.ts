import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Chore } from './chores.ts'

const hourMs = 3_600_000

/** Does the chores of all domains when the server starts and every hour. */
export const housekeeping = fp(
  async function housekeeping(app: FastifyInstance, { config, chores }: { config: Config; chores: readonly Chore[] }) {
    const limits = {
      everyMs: hourMs,
      closeMs: 5_000,
      failure: 'could not delete what has expired; the next try is in an hour',
    }
    app.work.every('housekeeping', limits, async () => {
      const now = Date.now()
      for (const chore of chores) await chore(app.db, now, config)
    })
  },
  { name: 'housekeeping', dependencies: ['database', 'work'] },
)
