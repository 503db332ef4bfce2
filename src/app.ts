import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { deleteOldEvents, deleteOrphanedEvents } from './audit/expiry.ts'
import { exportedActivity } from './audit/export.ts'
import { activityRoutes } from './audit/routes.ts'
import { accountRoutes, authRoutes, authTag } from './auth/routes.ts'
import { caldav } from './caldav/caldav.ts'
import { projectViewsLeftOut } from './caldav/export.ts'
import { calendarObjectsLeftOut, exportedCalendarFeeds } from './calendars/export.ts'
import { fileRoutes } from './calendars/file-routes.ts'
import { calendarFeedRoutes, calendarsTag } from './calendars/routes.ts'
import { deleteOldDeletions } from './changes/expiry.ts'
import { changeFeedsLeftOut, deletionsLeftOut } from './changes/export.ts'
import { exportedComments } from './comments/export.ts'
import { commentRoutes, commentsTag } from './comments/routes.ts'
import { syncedComments } from './comments/sync.ts'
import { exportedCompletions } from './completions/export.ts'
import { completionRoutes, completionsTag } from './completions/routes.ts'
import type { Config } from './config.ts'
import { deleteExpiredMailLinks } from './credentials/expiry.ts'
import { exportedMailLinks } from './credentials/export.ts'
import { credentialRoutes } from './credentials/routes.ts'
import type { ExportEntry } from './export/members.ts'
import { exportRoutes } from './export/routes.ts'
import { trustedProxies } from './http/client.ts'
import { linksFor } from './http/links.ts'
import { healthPrefix, loggerOptions, RequestLog } from './http/log.ts'
import { requestLogger } from './http/request-logger.ts'
import { ProblemDocument } from './http/schemas.ts'
import { idempotencyKeysLeftOut } from './idempotency/export.ts'
import { idempotency } from './idempotency/idempotency.ts'
import { deleteOldAnswers } from './idempotency/store.ts'
import { exportedLabels } from './labels/export.ts'
import { labelRoutes, labelsTag } from './labels/routes.ts'
import { syncedLabels } from './labels/sync.ts'
import { mcp } from './mcp/mcp.ts'
import { metrics } from './metrics/metrics.ts'
import { access } from './plugins/access.ts'
import { authenticate } from './plugins/authenticate.ts'
import { commonProblems } from './plugins/common-problems.ts'
import { connections } from './plugins/connections.ts'
import { database } from './plugins/database.ts'
import { docs } from './plugins/docs.ts'
import { clientErrorHandler, errors, frameworkErrors } from './plugins/errors.ts'
import { etag } from './plugins/etag.ts'
import { headers } from './plugins/headers.ts'
import { healthRoutes, healthTag } from './plugins/health.ts'
import { limits } from './plugins/limits.ts'
import { openapi } from './plugins/openapi.ts'
import { problemsPage } from './plugins/problems-page.ts'
import { buildValidator, validation } from './plugins/validation.ts'
import { exportedProjects } from './projects/export.ts'
import { projectRoutes, projectsTag } from './projects/routes.ts'
import { syncedProjects } from './projects/sync.ts'
import { remindersLeftOut } from './reminders/export.ts'
import { deleteOldReminders, reminders } from './reminders/reminders.ts'
import { deleteExpiredSessions } from './sessions/expiry.ts'
import { exportedSessions } from './sessions/export.ts'
import { sessionRoutes, sessionsTag } from './sessions/routes.ts'
import { sweepsLeftOut } from './sweeps/export.ts'
import { type Sweep, sweeps } from './sweeps/sweeps.ts'
import { syncRoutes, syncTag } from './sync/routes.ts'
import type { Synced } from './sync/sources.ts'
import { exportedTasks } from './tasks/export.ts'
import { taskRoutes } from './tasks/routes.ts'
import { dropLabel, followProject, purgeProject, renameLabel } from './tasks/sweeps.ts'
import { syncedTasks } from './tasks/sync.ts'
import { tasksTag } from './tasks/tag.ts'
import { emptying, purge } from './tasks/trash.ts'
import { deleteExpiredTokens } from './tokens/expiry.ts'
import { exportedTokens } from './tokens/export.ts'
import { tokenRoutes, tokensTag } from './tokens/routes.ts'
import { userRoutes, usersTag } from './users/routes.ts'
import { User } from './users/schemas.ts'
import { aboutTag, welcomeRoutes } from './welcome/routes.ts'
import type { Chore } from './work/chores.ts'
import { housekeeping } from './work/housekeeping.ts'
import { mail } from './work/mail.ts'
import { work } from './work/work.ts'

/** The groups of operations, in the order of the document. */
const tags = [
  tasksTag,
  completionsTag,
  commentsTag,
  projectsTag,
  labelsTag,
  calendarsTag,
  syncTag,
  authTag,
  usersTag,
  sessionsTag,
  tokensTag,
  aboutTag,
  healthTag,
]

/** The chores of each domain, done at start and every hour. */
const chores: readonly Chore[] = [
  deleteExpiredSessions,
  deleteExpiredMailLinks,
  deleteExpiredTokens,
  deleteOldEvents,
  deleteOrphanedEvents,
  deleteOldAnswers,
  deleteOldDeletions,
  deleteOldReminders,
]

/** The changes that may be too wide for one transaction. */
const kinds: readonly Sweep[] = [purge, emptying, followProject, purgeProject, renameLabel, dropLabel]

/** What clients keep copies of. Sync tokens know these by their places: a new one goes last. */
const synced: readonly Synced[] = [syncedProjects, syncedLabels, syncedTasks, syncedComments]

/** The tables that hold data of a user, in the order of the export. */
export const exported: readonly ExportEntry[] = [
  exportedSessions,
  exportedTokens,
  exportedMailLinks,
  exportedActivity,
  exportedProjects,
  exportedLabels,
  exportedTasks,
  exportedCompletions,
  exportedComments,
  exportedCalendarFeeds,
  calendarObjectsLeftOut,
  projectViewsLeftOut,
  remindersLeftOut,
  changeFeedsLeftOut,
  deletionsLeftOut,
  sweepsLeftOut,
  idempotencyKeysLeftOut,
]

/** The whole application, as production and the tests run it: first the plugins that all doors share, then the doors. */
export async function buildApp(config: Config) {
  const linkTo = linksFor(config)
  const app = fastify({
    logger: loggerOptions(config),
    logController: new RequestLog(),
    childLoggerFactory: requestLogger,
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
    frameworkErrors: frameworkErrors(linkTo),
    clientErrorHandler: clientErrorHandler(linkTo),
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.addSchema(ProblemDocument)
  app.addSchema(User)
  // A door reads the media types that it has parsers for, and no others.
  app.removeAllContentTypeParsers()

  await app.register(headers, { config })
  await app.register(errors, { linkTo })
  await app.register(connections)
  await app.register(openapi, { tags })
  await app.register(problemsPage)
  if (config.docsEnabled) await app.register(docs)
  await app.register(metrics, { config })
  await app.register(database, { config })
  await app.register(work)
  await app.register(authenticate, { config })
  await app.register(limits, { config })
  await app.register(mail, { config })
  await app.register(housekeeping, { config, chores })
  await app.register(sweeps, { kinds })
  await app.register(reminders, { config })

  await app.register(mcp, { config })
  await app.register(caldav)
  await app.register(jsonApi, { config })

  return app
}

/** The JSON API is one door. Other doors can be added beside it, with their own parsers, answers and checks. */
const jsonApi: FastifyPluginAsync<{ config: Config }> = async function jsonApi(app, { config }) {
  await app.register(json)

  await app.register(welcomeRoutes, { config })
  await app.register(healthRoutes, { prefix: healthPrefix })
  await app.register(authRoutes, { prefix: '/auth', config })
  await app.register(credentialRoutes, { config })
  await app.register(userRoutes, { prefix: '/users' })
  await app.register(accountRoutes, { prefix: '/users' })
  await app.register(sessionRoutes, { prefix: '/users/me/sessions' })
  await app.register(tokenRoutes, { prefix: '/users/me/tokens' })
  await app.register(activityRoutes, { prefix: '/users/me/activity' })
  await app.register(exportRoutes, { prefix: '/users/me/export', entries: exported })
  await app.register(taskRoutes, { prefix: '/tasks' })
  await app.register(projectRoutes, { prefix: '/projects' })
  await app.register(labelRoutes, { prefix: '/labels' })
  await app.register(commentRoutes)
  await app.register(fileRoutes, { prefix: '/tasks' })
  await app.register(calendarFeedRoutes, { prefix: '/calendar-feeds' })
  await app.register(completionRoutes, { prefix: '/completions' })
  await app.register(syncRoutes, { prefix: '/sync', synced })
}

/** How a door speaks JSON: what its routes read, answer and ask for. */
export const json = fp(async function json(app: FastifyInstance) {
  await app.register(idempotency)
  await app.register(commonProblems)
  await app.register(validation)
  await app.register(etag)
  await app.register(access)
})
