import { type ParsedUrlQuery, parse } from 'node:querystring'
import { MalformedRequest } from '../http/problems.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads an application/x-www-form-urlencoded body, which is in UTF-8 under its escapes too. As RFC 6749, section 3.2, has
 * it for a token endpoint, a parameter that is empty counts as absent, and one without one of these names is ignored.
 * Throws MalformedRequest.
 */
export function parseForm(body: Buffer, names: ReadonlySet<string>): ParsedUrlQuery {
  const fields = Object.entries(decoded(body))
  return Object.fromEntries(fields.filter(([name, value]) => names.has(name) && value !== ''))
}

function decoded(body: Buffer): ParsedUrlQuery {
  try {
    const text = utf8.decode(body)
    decodeURIComponent(text) // where this throws, `parse` would put U+FFFD
    return parse(text)
  } catch {
    throw new MalformedRequest({ detail: 'The form is not valid UTF-8.' })
  }
}
