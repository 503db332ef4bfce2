import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createTransport } from 'nodemailer'
import type { Config } from '../config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined without SMTP_URL. */
    mail: SendMail | undefined
  }
}

export interface Letter {
  /** Whose it is, for the log, which names no address. */
  readonly userId: number
  readonly to: string
  readonly subject: string
  readonly text: string
}

/**
 * Writes and sends a letter once the request is answered, so that the answer and its time are the same whether there is
 * one or not. Never throws: what fails is logged, and not tried again.
 */
export type SendMail = (log: FastifyBaseLogger, write: () => Promise<Letter | undefined>) => void

/** How long a server may be silent, and how long a letter may take as a whole. */
const silenceMs = 10_000
const deliveryMs = 30_000
const queueLimits = {
  atOnce: 5,
  maxWaiting: 1_000,
  closeMs: 5_000,
  failure: 'a mail could not be written',
  level: 'error',
} as const

/** Mail over SMTP, where SMTP_URL says so. */
export const mail = fp(
  async function mail(app: FastifyInstance, { config }: { config: Config }) {
    const { smtpUrl, mailFrom } = config
    app.decorate('mail', smtpUrl === undefined ? undefined : send)
    if (smtpUrl === undefined) return

    const transport = createTransport({ ...transportOptions(smtpUrl) }, { from: mailFrom })
    const letters = app.work.queue('mail', queueLimits)

    function send(log: FastifyBaseLogger, write: () => Promise<Letter | undefined>) {
      const isTaken = letters.add((signal) => deliver(log, write, signal), log)
      if (!isTaken) log.error('too many mails are waiting: this one is dropped')
    }

    async function deliver(log: FastifyBaseLogger, write: () => Promise<Letter | undefined>, signal: AbortSignal) {
      await nextTurn() // the answer goes first
      const letter = await write()
      if (!letter) return
      const { userId, to, subject, text } = letter
      try {
        await transport.sendMail({
          to: { name: '', address: to },
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([signal, AbortSignal.timeout(deliveryMs)]),
        })
      } catch (error) {
        // No more of the error: what an SMTP server says back holds addresses.
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        log.error({ user_id: userId, code, response_code: responseCode }, 'a mail could not be sent')
      }
    }
  },
  { name: 'mail', dependencies: ['work'] },
)

function transportOptions(url: string) {
  const { username, hostname } = new URL(url)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return {
    url,
    // With smtp://, TLS is optional, and an attacker on the network can suppress it: no password goes over that.
    requireTLS: username !== '' && !isHere,
    dnsTimeout: silenceMs,
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
