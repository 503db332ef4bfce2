/** Schemes whose pages have no origin of their own, or are no pages. */
const withoutOrigin = ['file:', 'data:', 'blob:', 'about:', 'javascript:', 'ws:', 'wss:', 'ftp:']

/**
 * An origin as browsers send it (RFC 6454, section 6.1): lower case, Punycode, no default port. Apps and extensions have
 * schemes of their own: `capacitor://localhost`, `chrome-extension://…`. Undefined for what is more or less than an origin.
 */
export function normalizeOrigin(text: string): string | undefined {
  const [, scheme, host] = /^([a-z][a-z\d+.-]*:)\/\/([^\s/?#@\\*%]+)\/?$/i.exec(text) ?? []
  const url = URL.parse(text)
  if (!scheme || !host || !url || withoutOrigin.includes(url.protocol)) return undefined
  if (url.origin !== 'null') return url.origin
  return /^[a-z\d.-]+(?::\d+)?$/i.test(host) ? `${scheme}//${host}`.toLowerCase() : undefined
}
