import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { createTransport } from 'nodemailer'
import pLimit from 'p-limit'
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

const atOnce = 5
const maxWaiting = 1_000
/** How long a server may be silent, and how long a letter may take as a whole. */
const silenceMs = 10_000
const deliveryMs = 30_000
/** How long closing waits for letters that are on their way. */
const closeMs = 5_000

/** Mail over SMTP, where SMTP_URL says so. */
export const mail = fp(
  async function mail(app: FastifyInstance, { config }: { config: Config }) {
    const { smtpUrl, mailFrom } = config
    app.decorate('mail', smtpUrl === undefined ? undefined : send)
    if (smtpUrl === undefined) return

    const transport = createTransport({ ...transportOptions(smtpUrl) }, { from: mailFrom })
    const turns = pLimit(atOnce)
    const underway = new Set<Promise<void>>()
    const closing = new AbortController()

    function send(log: FastifyBaseLogger, write: () => Promise<Letter | undefined>) {
      if (turns.pendingCount >= maxWaiting) return log.error('too many mails are waiting: this one is dropped')
      const work = turns(() => deliver(log, write)).finally(() => underway.delete(work))
      underway.add(work)
    }

    async function deliver(log: FastifyBaseLogger, write: () => Promise<Letter | undefined>) {
      await nextTurn() // the answer goes first
      const letter = await write().catch((err: unknown) => log.error({ err }, 'a mail could not be written'))
      if (!letter) return
      const { userId, to, subject, text } = letter
      try {
        await transport.sendMail({
          to: { name: '', address: to },
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(deliveryMs)]),
        })
      } catch (error) {
        // No more of the error: what an SMTP server says back holds addresses.
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        log.error({ user_id: userId, code, response_code: responseCode }, 'a mail could not be sent')
      }
    }

    let closesAt = 0
    app.addHook('preClose', async () => {
      closesAt = performance.now() + closeMs
    })
    app.addHook('onClose', async () => {
      const leftMs = Math.max(0, closesAt - performance.now())
      await Promise.race([Promise.all(underway), sleep(leftMs, undefined, { ref: false })])
      if (underway.size > 0) app.log.error({ mails: underway.size }, 'closed before these mails were sent')
      turns.clearQueue()
      closing.abort()
    })
  },
  { name: 'mail', dependencies: ['database'] },
)

function transportOptions(url: string) {
  const { username, hostname } = new URL(url)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return {
    url,
    // With smtp://, TLS is taken where the server offers it, which who sits between can prevent: never send a password so.
    requireTLS: username !== '' && !isHere,
    dnsTimeout: silenceMs,
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
