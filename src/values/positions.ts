/** Places in a list that its owner orders by hand: keys that compare by their bytes, between any two of which is another. */
import { BASE_62_DIGITS, generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'

export const keyBetween = (before: string | null, after: string | null): string => generateKeyBetween(before, after)
export const keysBetween = (before: string | null, after: string | null, count: number): string[] =>
  generateNKeysBetween(before, after, count)

/** Keys grow when things are moved into the same gap again and again: past this, their neighbours are given new ones. */
export const maxKeyLength = 48

/** Whether a text is a key that others find room beside. */
export function isKey(text: string): boolean {
  try {
    return text.length <= maxKeyLength && keyBetween(null, text) < text && keyBetween(text, null) > text
  } catch {
    return false
  }
}

/** A key before all that `lastKey` makes. */
export const firstKey = 'a0'

let last = 0

/**
 * A key after all that this was answered before. It is made from the clock, so that nothing has to be read to put a new
 * task last; two random digits keep the keys of several instances apart.
 */
export function lastKey(): string {
  last = Math.max(last + 1, Date.now())
  const random = Math.floor(Math.random() * 62 * 61)
  // The last digit of a key is never 0: nothing would fit before it.
  return `h${base62(last)}${BASE_62_DIGITS[Math.floor(random / 61)]}${BASE_62_DIGITS[1 + (random % 61)]}`
}

/** Eight digits, which the head `h` of a key announces. */
function base62(value: number): string {
  let digits = ''
  for (let rest = value; digits.length < 8; rest = Math.floor(rest / 62)) digits = BASE_62_DIGITS[rest % 62] + digits
  return digits
}
