import { domainToASCII, domainToUnicode } from 'node:url'

/** The longest address SMTP can carry (RFC 5321, erratum 1690), in code points. */
const maxLength = 254

// RFC 5321's dot-string @ domain, with letters of any script (RFC 6531); no quoted or commented forms.
const atom = String.raw`[^\s@"(),:;<>[\\\].\p{C}]+`
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?`
const shape = new RegExp(String.raw`^(?=[^@]{1,64}@)${atom}(?:\.${atom})*@(?:${label}\.)+(?=[^.]{2,}$)${label}$`, 'u')

/**
 * The one form in which an email is kept: trimmed, lower case, NFC, and its domain in Unicode, since Unicode and Punycode
 * name one mailbox. Undefined if it is none.
 */
export function normalizeEmail(text: string): string | undefined {
  const email = normalizeSpelling(text)
  return email && withDomain(email, unicodeDomain(email))
}

/**
 * The forms in which an email may be kept, the likeliest first. There is one, unless its domain is international: accounts
 * that are older than the rule that Unicode and Punycode are one keep the spelling they were made with.
 */
export function spellingsOf(text: string): string[] {
  const email = normalizeSpelling(text)
  if (email === undefined) return []
  const unicode = withDomain(email, unicodeDomain(email))
  return [...new Set([email, unicode, withDomain(unicode, domainToASCII(domainOf(unicode)))])]
}

/** The email as it is written, but for white space, case and composition. */
function normalizeSpelling(text: string): string | undefined {
  // Composing a text costs the square of its length where it is nothing but combining marks: none that is too long
  // anyway, even with two UTF-16 units to a code point.
  if (text.length > 2 * maxLength) return undefined
  const email = text.trim().normalize('NFC').toLowerCase().normalize('NFC')
  return [...email].length <= maxLength && shape.test(email) ? email : undefined
}

/** Empty if it is none. ASCII is left alone: what has a meaning only as a host (`0x7f.1`) is a name here. */
function unicodeDomain(email: string): string {
  const domain = domainOf(email)
  return isInternational(domain) ? domainToUnicode(domainToASCII(domain)) : domain
}

const isInternational = (domain: string) => /[^\0-\x7f]|(?:^|\.)xn--/.test(domain)

/** The email with another domain, or as it was if that makes none: not every domain that is registered has a Unicode form. */
function withDomain(email: string, domain: string): string {
  const other = `${email.slice(0, email.indexOf('@') + 1)}${domain}`
  return shape.test(other) ? other : email
}

const domainOf = (email: string) => email.slice(email.indexOf('@') + 1)
