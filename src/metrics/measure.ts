import { collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import { hashingLoad } from '../credentials/hashing.ts'
import { version } from '../version.ts'
import { metricsServer } from './server.ts'

export interface Metrics {
  observeGroupCommit(jobs: number): void
  /** Where they are served, once the app is ready. */
  url(): string | undefined
}

export function measure(app: FastifyInstance, host: string, port: number): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  measureRequests(app, registry)
  showLoad(app, registry)
  const groupCommits = new Histogram({
    name: 'database_group_commit_jobs',
    help: 'Writes and transactions that one commit of SQLite has made durable.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers: [registry],
  })
  const server = metricsServer(app, registry, host, port)
  return { observeGroupCommit: (jobs) => groupCommits.observe(jobs), url: () => server.url() }
}

/** Metrics of the client whose names promtool objects to. What they count, other metrics show too, or nobody needs. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
]

/** By route pattern, never by URL: a URL holds ids, and each would be a time series of its own. */
function measureRequests(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, and the number of requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })

  app.addHook('onResponse', (request, reply, done) => {
    const route = (!request.is404 && request.routeOptions.url) || 'none'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000)
    done()
  })
}

/** What is read when Prometheus asks, and costs nothing in between. */
function showLoad(app: FastifyInstance, registry: Registry): void {
  const gauge = (name: string, help: string, values: () => object) =>
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers: [registry],
      collect() {
        for (const [state, value] of Object.entries(values())) this.set({ state }, value)
      },
    })

  gauge('database_connections', 'Connections to the database: busy and idle; and statements waiting for one.', () =>
    app.db.usage(),
  )
  gauge(
    'password_hashing_jobs',
    'Passwords that are being hashed (running), and that wait for their turn.',
    hashingLoad,
  )
  new Gauge({
    name: 'task_management_api_info',
    help: 'Always 1; the label is the version of the server.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1)
}
