/** The longest address SMTP can carry (RFC 5321, erratum 1690), in code points. */
const maxLength = 254

// RFC 5321's dot-string @ domain, with letters of any script (RFC 6531); no quoted or commented forms.
const atom = String.raw`[^\s@"(),:;<>[\\\].\p{C}]+`
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?`
const shape = new RegExp(String.raw`^(?=[^@]{1,64}@)${atom}(?:\.${atom})*@(?:${label}\.)+(?=[^.]{2,}$)${label}$`, 'u')

/** The one form in which an email is kept and looked up: trimmed, lower case, NFC. Undefined if it is none. */
export function normalizeEmail(text: string): string | undefined {
  const email = text.trim().normalize('NFC').toLowerCase().normalize('NFC')
  return [...email].length <= maxLength && shape.test(email) ? email : undefined
}
