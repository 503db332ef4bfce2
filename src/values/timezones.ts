/** What ICU takes for a time zone and IANA does not know. */
const onlyIcu =
  /^(SystemV\/.*|ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST)$/

/** ICU takes names in any case, and offsets; other time zone libraries do not. */
export const timezonePattern = '^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$'
const shape = new RegExp(timezonePattern)

/** Whether this is a name of the IANA time zone database: a zone or a link, spelled as there. */
export function isTimezone(name: string): boolean {
  if (!shape.test(name) || onlyIcu.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
