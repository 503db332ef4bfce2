import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { isTagNamed } from './versions.ts'

/** The Content-Security-Policy that a page starts from: it may load nothing, and nobody may frame it. */
export const closedCsp = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The source of an inline style or script, for a Content-Security-Policy. */
export const sourceHash = (text: string) => `'sha256-${hash('sha256', text, 'base64')}'`

/** Something that everyone is answered alike for as long as the process runs. */
export interface Page {
  readonly type: string
  readonly body: Buffer
  readonly csp: string
  readonly tag: string
  /** The body compressed; it is compressed once, when somebody first asks. */
  compressed?: Promise<Buffer>
}

export function pageOf(type: string, content: string | Buffer, csp = closedCsp): Page {
  const body = Buffer.from(content as string)
  return { type, body, csp, tag: hash('sha1', body, 'base64url') }
}

/** Answers the page, compressed if the client takes that, or 304 if it has the page already. */
export async function sendPage(request: FastifyRequest, reply: FastifyReply, page: Page) {
  const isCompressed = new Negotiator(request.raw).encoding(['gzip', 'identity']) === 'gzip'
  const tag = `"${page.tag}${isCompressed ? '-gzip' : ''}"` // strong, so each encoding has its own
  vary(reply, 'Accept-Encoding')
  reply.headers({ etag: tag, 'cache-control': 'no-cache', 'content-security-policy': page.csp })
  if (isTagNamed(request.headers['if-none-match'], tag)) return reply.code(304).send()
  reply.type(page.type)
  if (!isCompressed) return reply.send(page.body)
  page.compressed ??= promisify(gzip)(page.body)
  return reply.header('content-encoding', 'gzip').send(await page.compressed)
}

/** Tells caches that the answer depends on the request header. */
export function vary(reply: FastifyReply, name: string) {
  const others = reply.getHeader('vary')
  reply.header('vary', others === undefined ? name : `${others}, ${name}`)
}
