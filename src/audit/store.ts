import { and, eq, gte, lte, max } from 'drizzle-orm'
import type { Database, Query, Transaction } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { type Page, type PageQuery, readPage } from '../http/paging.ts'
import type { AuditRow } from './table.ts'

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

/** Keeps an event of an account, in the transaction of the change itself, and logs it once that is committed. */
export async function record(db: Database, client: Client, event: AuditEvent, userId: number | null): Promise<void> {
  const { address, log } = client
  await db.insert(db.tables.auditEvents, { userId, event, address, createdAt: Date.now() })
  db.afterCommit(() => log.info({ audit: event, user_id: userId, address }, event.replaceAll('_', ' ')))
}

/** Removes the user's id and address from the user's events. */
export async function anonymizeEvents(tx: Transaction, userId: number): Promise<void> {
  await tx.updateMany(tx.tables.auditEvents, { userId }, { userId: null, address: null })
}

/** The user's own events, newest first, by keyset. */
export const listActivity = (db: Database, userId: number, query: PageQuery): Promise<Page<AuditRow>> =>
  readPage(query, (after, limit) =>
    db.list(db.tables.auditEvents, {
      equal: { userId },
      descending: true,
      after,
      limit,
      index: 'audit_events_user_id_idx',
    }),
  )

/** When users with ids in this range last logged in, as far as events are kept. */
export async function lastLogins(db: Database, first: number, last: number): Promise<Map<number | null, number>> {
  const logins = await db.all(loginsInRange, { first, last })
  return new Map(logins.map(({ userId, at }) => [userId, at as number]))
}

const loginsInRange: Query<{ userId: number | null; at: number | null }, { first: number; last: number }> = ({
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
