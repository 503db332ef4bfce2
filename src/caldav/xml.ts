/** XML of WebDAV: what is read is bounded before it is understood, and what is written is escaped in one way. */
import { SaxesParser } from 'saxes'
import { MalformedRequest } from '../http/problems.ts'

export const dav = 'DAV:'
export const cal = 'urn:ietf:params:xml:ns:caldav'
export const calendarServer = 'http://calendarserver.org/ns/'
export const apple = 'http://apple.com/ns/ical/'

export interface XmlNode {
  readonly namespace: string
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlNode[]
  text: string
}

const maxDepth = 32
const maxNodes = 10_000

/** Throws MalformedRequest for what is no XML, has a DOCTYPE (and so entities), or is too deep or too large. */
export function parseXml(text: string): XmlNode {
  const refuse = (detail: string): never => {
    throw new MalformedRequest({ detail })
  }
  const root: XmlNode = { namespace: '', name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  let count = 0
  const parser = new SaxesParser({ xmlns: true, position: false })
  parser.on('error', () => refuse('The body is not valid XML.'))
  parser.on('doctype', () => refuse('The body must not have a DOCTYPE.'))
  parser.on('opentag', ({ uri, local, attributes }) => {
    if (++count > maxNodes || open.length > maxDepth)
      refuse('The XML of the body is too deep or has too many elements.')
    for (const { prefix, value } of Object.values(attributes)) {
      if (prefix === 'xmlns' && value === '') refuse('The body has a prefix with an empty namespace.')
    }
    const named = Object.values(attributes).map(({ local, value }) => [local, value])
    const node: XmlNode = { namespace: uri, name: local, attributes: Object.fromEntries(named), children: [], text: '' }
    open.at(-1)!.children.push(node)
    open.push(node)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  const add = (text: string) => {
    open.at(-1)!.text += text
  }
  parser.on('text', add)
  parser.on('cdata', add)
  parser.write(text).close()
  return root.children[0] ?? refuse('The body has no XML.')
}

export const childOf = (node: XmlNode | undefined, namespace: string, name: string): XmlNode | undefined =>
  node?.children.find((child) => child.namespace === namespace && child.name === name)

export const childrenOf = (node: XmlNode | undefined, namespace: string, name: string): XmlNode[] =>
  node?.children.filter((child) => child.namespace === namespace && child.name === name) ?? []

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

/** Without the characters that XML 1.0 cannot carry. */
export const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is left out
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replace(/[&<>"\r]/g, (character) => escapes[character]!)

const prefixes: Record<string, string> = { [dav]: 'd', [cal]: 'c', [calendarServer]: 'cs', [apple]: 'a' }

/** An element around XML that is escaped already. */
export function element(namespace: string, name: string, content = '', attributes = ''): string {
  const prefix = prefixes[namespace]
  const tag = prefix === undefined ? (namespace === '' ? name : `x:${name}`) : `${prefix}:${name}`
  const declared = prefix === undefined && namespace !== '' ? ` xmlns:x="${escapeXml(namespace)}"` : ''
  return content === '' ? `<${tag}${declared}${attributes}/>` : `<${tag}${declared}${attributes}>${content}</${tag}>`
}

const head = '<?xml version="1.0" encoding="utf-8"?>\n'
const namespaces = Object.entries(prefixes)
  .map(([namespace, prefix]) => ` xmlns:${prefix}="${namespace}"`)
  .join('')

export const multistatusHead = `${head}<d:multistatus${namespaces}>`
export const multistatusFoot = '</d:multistatus>'

/** The body that says which precondition failed (RFC 4918, section 16). */
export const errorXml = (condition: string, detail: string): string =>
  `${head}<d:error${namespaces}>${condition}${element(dav, 'responsedescription', escapeXml(detail))}</d:error>`
