import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { expect } from 'vitest'
import { test as base } from './app.ts'

export interface Delivery extends Email {
  /** To whom the server was told to deliver it, whatever its headers say. */
  readonly recipients: string[]
}

/** A real SMTP server, which keeps what it gets; stopped at the end of an `await using`. */
export async function startSmtp(options: SMTPServerOptions = {}) {
  const deliveries: Delivery[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      buffer(stream)
        .then((message) => PostalMime.parse(message))
        .then((email) => {
          deliveries.push({ ...email, recipients: envelope.rcptTo.map(({ address }) => address) })
          done()
        }, done)
    },
    ...options,
  })
  server.on('error', () => {}) // a client that hangs up
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  const to = (address: string) => deliveries.filter(({ recipients }) => recipients.includes(address))

  return {
    port,
    deliveries,
    to,
    /** The latest mail to this address, once there are so many. */
    async latestTo(address: string, count = 1): Promise<Delivery> {
      await expect.poll(() => to(address).length).toBe(count)
      return to(address).at(-1) as Delivery
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A server that takes connections and says nothing. */
export async function startSilence() {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What turns mail on. */
export const mailSettings = (port: number, host = '127.0.0.1') => ({
  SMTP_URL: `smtp://${host}:${port}`,
  MAIL_FROM: 'Tasks <tasks@example.org>',
  PUBLIC_URL: 'https://tasks.example.org/app/',
})

/** The token in a mail. */
export const tokenIn = ({ text = '' }: Email): string => /^tml_[\w-]{43}$/m.exec(text)?.[0] ?? 'none'

/** Tests on an app that sends mail, to `smtp`. */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  .extend('smtp', { scope: 'file' }, async ({}, { onCleanup }) => {
    const smtp = await startSmtp()
    onCleanup(() => smtp[Symbol.asyncDispose]())
    return smtp
  })
  .extend('app', { scope: 'file' }, ({ buildTestApp, smtp }) => buildTestApp(mailSettings(smtp.port)))
