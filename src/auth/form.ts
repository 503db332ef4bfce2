import { type ParsedUrlQuery, parse } from 'node:querystring'
import { MalformedRequest } from '../errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** An application/x-www-form-urlencoded body, in UTF-8 under its escapes too. Throws MalformedRequest. */
export function parseForm(body: Buffer): ParsedUrlQuery {
  try {
    const text = utf8.decode(body)
    decodeURIComponent(text) // where this throws, `parse` would put U+FFFD
    return parse(text)
  } catch {
    throw new MalformedRequest({ detail: 'The form is not valid UTF-8.' })
  }
}
