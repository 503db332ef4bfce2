import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import type { Metrics } from './measure.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined without METRICS_PORT. */
    metrics: Metrics | undefined
  }
}

/** Measures requests and what they wait for, and serves the numbers on METRICS_PORT. Without it, nothing is loaded. */
export const metrics = fp(
  async function metrics(app: FastifyInstance, { config }: { config: Config }) {
    if (config.metricsPort === undefined) return void app.decorate('metrics', undefined)
    const { measure } = await import('./measure.ts')
    app.decorate('metrics', measure(app, config.host, config.metricsPort))
  },
  { name: 'metrics' },
)
