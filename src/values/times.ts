const dayMs = 86_400_000

let day = Number.NaN
let datePrefix = ''

/** Milliseconds since the epoch as RFC 3339 in UTC; the date is kept from call to call, since a list's are mostly alike. */
export function formatTime(ms: number): string {
  const ofDay = ((ms % dayMs) + dayMs) % dayMs
  if (ms - ofDay !== day) {
    day = ms - ofDay
    datePrefix = new Date(day).toISOString().slice(0, 11)
  }
  const hours = Math.floor(ofDay / 3_600_000)
  const minutes = Math.floor(ofDay / 60_000) % 60
  const seconds = Math.floor(ofDay / 1000) % 60
  return `${datePrefix}${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[seconds]}.${threeDigits[ofDay % 1000]}Z`
}

const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))
const threeDigits = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'))
