import { and, desc, eq, gte, lt, lte, max } from 'drizzle-orm'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { addressOf } from '../addresses.ts'
import type { Database, Query, Row } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { type Page, pageOf } from '../pages.ts'
import type { PageQuery } from '../schemas.ts'

export const auditEvents = [
  'registered',
  'logged_in',
  'login_failed',
  'logged_out',
  'session_ended',
  'all_sessions_ended',
  'refresh_token_reused',
  'password_changed',
  'password_reset_requested',
  'password_reset',
  'email_change_requested',
  'email_changed',
  'token_created',
  'token_revoked',
  'account_deactivated',
  'account_activated',
  'account_deleted',
  'rate_limited',
] as const
export type AuditEvent = (typeof auditEvents)[number]

export type AuditRow = Row<Tables['auditEvents']>

/** Where a request comes from, and the log that its events are written to. */
export interface Client {
  readonly address: string
  readonly userAgent: string | null
  readonly log: FastifyBaseLogger
}

export const clientOf = (request: FastifyRequest): Client => ({
  address: addressOf(request),
  userAgent: request.headers['user-agent']?.slice(0, 255) ?? null,
  log: request.log,
})

/** Keeps an event of an account, in the transaction of what it tells of, and logs it. */
export async function record(db: Database, client: Client, event: AuditEvent, userId: number | null): Promise<void> {
  const { address, log } = client
  await db.insert(db.tables.auditEvents, { userId, event, address, createdAt: Date.now() })
  log.info({ audit: event, user_id: userId, address })
}

/** The user's own events, newest first, by keyset. */
export async function listActivity(
  db: Database,
  userId: number,
  { limit, cursor }: PageQuery,
): Promise<Page<AuditRow>> {
  const rows =
    cursor === undefined
      ? await db.all(newestEvents, { userId, limit: limit + 1 })
      : await db.all(eventsBefore, { userId, limit: limit + 1, before: Number(cursor) })
  return pageOf(rows, limit)
}

/** When users with ids in this range last logged in, as far as events are kept. */
export async function lastLogins(db: Database, first: number, last: number): Promise<Map<number | null, number>> {
  const logins = await db.all(loginsInRange, { first, last })
  return new Map(logins.map(({ userId, at }) => [userId, at as number]))
}

const loginsInRange: Query<{ userId: number | null; at: number | null }> = ({
  select,
  parameter,
  tables: { auditEvents: events },
}) =>
  select({ userId: events.userId, at: max(events.createdAt) })
    .from(events)
    .where(
      and(
        gte(events.userId, parameter(events.userId, 'first')),
        lte(events.userId, parameter(events.userId, 'last')),
        eq(events.event, 'logged_in'),
      ),
    )
    .groupBy(events.userId)

const newestEvents: Query<AuditRow> = ({ select, parameter, limit, tables: { auditEvents: events } }) =>
  select()
    .from(events)
    .where(eq(events.userId, parameter(events.userId, 'userId')))
    .orderBy(desc(events.id))
    .limit(limit('limit'))

const eventsBefore: Query<AuditRow> = ({ select, parameter, limit, tables: { auditEvents: events } }) =>
  select()
    .from(events, { forceIndex: 'audit_events_user_id_idx' })
    .where(and(eq(events.userId, parameter(events.userId, 'userId')), lt(events.id, parameter(events.id, 'before'))))
    .orderBy(desc(events.id))
    .limit(limit('limit'))
