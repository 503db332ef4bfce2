import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import { trustedProxies } from './addresses.ts'
import { activityRoutes } from './audit/routes.ts'
import { authRoutes } from './auth/routes.ts'
import type { Config } from './config.ts'
import { exportRoutes } from './export/routes.ts'
import { loggerOptions, RequestLog } from './log.ts'
import { authenticate } from './plugins/authenticate.ts'
import { database } from './plugins/database.ts'
import { docs } from './plugins/docs.ts'
import { clientErrorHandler, errors, frameworkErrors } from './plugins/errors.ts'
import { etag } from './plugins/etag.ts'
import { headers } from './plugins/headers.ts'
import { healthRoutes } from './plugins/health.ts'
import { housekeeping } from './plugins/housekeeping.ts'
import { limits } from './plugins/limits.ts'
import { mail } from './plugins/mail.ts'
import { buildValidator, validation } from './plugins/validation.ts'
import { recoveryRoutes } from './recovery/routes.ts'
import { ProblemDocument } from './schemas.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { taskRoutes } from './tasks/routes.ts'
import { tokenRoutes } from './tokens/routes.ts'
import { userRoutes } from './users/routes.ts'
import { User } from './users/schemas.ts'

/** The whole application, as production and the tests run it: first what it gains, then its domains. */
export async function buildApp(config: Config) {
  const app = fastify({
    logger: loggerOptions(config),
    logController: new RequestLog(),
    trustProxy: trustedProxies(config.trustProxy),
    genReqId: () => randomUUID(),
    bodyLimit: 64 * 1024,
    requestTimeout: 10_000,
    forceCloseConnections: 'idle',
    pluginTimeout: 0, // migrating takes as long as it needs
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    http: {
      headersTimeout: 8_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16 * 1024,
      requireHostHeader: false,
    },
    schemaController: { compilersFactory: { buildValidator } },
    frameworkErrors,
    clientErrorHandler,
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.addSchema(ProblemDocument)
  app.addSchema(User)

  await app.register(errors)
  await app.register(validation)
  await app.register(headers, { config })
  await app.register(docs, { config })
  await app.register(database, config)
  await app.register(authenticate, { config })
  await app.register(etag)
  await app.register(limits, { config })
  await app.register(mail, { config })
  await app.register(housekeeping, { config })

  await app.register(healthRoutes, { prefix: '/health' })
  await app.register(authRoutes, { prefix: '/auth', config })
  await app.register(recoveryRoutes, { config })
  await app.register(userRoutes, { prefix: '/users' })
  await app.register(sessionRoutes, { prefix: '/users/me/sessions' })
  await app.register(tokenRoutes, { prefix: '/users/me/tokens' })
  await app.register(activityRoutes, { prefix: '/users/me/activity' })
  await app.register(exportRoutes, { prefix: '/users/me/export' })
  await app.register(taskRoutes, { prefix: '/tasks' })

  return app
}
