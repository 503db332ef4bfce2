import type { ConnectionOptions } from 'node:tls'
import type { Server, TlsMode } from './server-url.ts'

/** False: a connection without TLS. */
export type Tls = false | Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'checkServerIdentity'>

/** What to try, in this order, as libpq's sslmode has it; undefined where the URL does not say. */
export function tlsAttempts(server: Server): Tls[] | undefined {
  const mode = server.tlsMode ?? impliedMode(server)
  if (mode === undefined) return undefined
  if (mode === 'disable') return [false]
  if (mode === 'allow') return [false, tlsOf(server, mode)]
  if (mode === 'prefer') return [tlsOf(server, mode), false]
  return [tlsOf(server, mode)]
}

/** Whoever names a certificate authority wants the server checked against it. */
function impliedMode({ ca, cert, key, tlsNegotiation }: Server): TlsMode | undefined {
  if (ca !== undefined) return 'verify-full'
  return cert !== undefined || key !== undefined || tlsNegotiation === 'direct' ? 'require' : undefined
}

function tlsOf({ ca, cert, key }: Server, mode: TlsMode): Tls {
  const isChecked = mode.startsWith('verify-') || ca !== undefined
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: isChecked,
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
}

/**
 * Remembers which attempt the server took: where there are several, the first caller tries them with `connect`, which
 * opens a connection and ends it. Throws the first attempt's error where all fail.
 */
export function settledTls(attempts: Tls[] | undefined, connect: (tls: Tls) => Promise<void>) {
  let settling: Promise<Tls | undefined> | undefined
  return function settled(): Promise<Tls | undefined> {
    if (attempts === undefined || attempts.length === 1) return Promise.resolve(attempts?.[0])
    settling ??= firstOf(attempts, connect)
    settling.catch(() => (settling = undefined))
    return settling
  }
}

async function firstOf(attempts: Tls[], connect: (tls: Tls) => Promise<void>): Promise<Tls> {
  const faults: unknown[] = []
  for (const tls of attempts) {
    try {
      await connect(tls)
      return tls
    } catch (error) {
      faults.push(error)
    }
  }
  throw faults[0]
}
