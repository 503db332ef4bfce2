import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { addressOf } from '../addresses.ts'
import type { Database } from '../database/database.ts'

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
