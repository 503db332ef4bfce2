import { cal, dav, element } from './xml.ts'

/** A precondition of WebDAV or CalDAV that does not hold: answered as XML, which is what their clients read. */
export class DavRefusal extends Error {
  readonly status: number
  readonly condition: string

  constructor(status: number, condition: string, detail: string) {
    super(detail)
    this.status = status
    this.condition = condition
  }
}

export const finiteDepth = () => new DavRefusal(403, element(dav, 'propfind-finite-depth'), 'Depth must be 0 or 1.')
export const unsupportedReport = () =>
  new DavRefusal(403, element(dav, 'supported-report'), 'The report is not known here.')
export const invalidSyncToken = () =>
  new DavRefusal(403, element(dav, 'valid-sync-token'), 'The sync token has expired: read everything again.')
export const invalidData = (detail: string) => new DavRefusal(403, element(cal, 'valid-calendar-data'), detail)
export const invalidObject = (detail: string) =>
  new DavRefusal(403, element(cal, 'valid-calendar-object-resource'), detail)
export const unsupportedComponent = () =>
  new DavRefusal(403, element(cal, 'supported-calendar-component'), 'Only to-dos (VTODO) are taken.')
export const tooLarge = (bytes: number) =>
  new DavRefusal(403, element(cal, 'max-resource-size'), `The object has more than ${bytes} bytes.`)
export const uidTaken = (href: string) =>
  new DavRefusal(403, element(cal, 'no-uid-conflict', element(dav, 'href', href)), 'Another object has this UID.')
export const listThere = () =>
  new DavRefusal(405, element(dav, 'resource-must-be-null'), 'There is a list at this address already.')
