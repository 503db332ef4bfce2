/** Words in texts, alike on every database: compared without case and diacritics; CJK and Thai have no spaces. */

/** At most this many words are searched for. */
export const maxWords = 10
/** The last word of so many letters is taken as the beginning of one. */
const prefixLength = 3

interface Word {
  readonly text: string
  /** Whether it must be a whole word; parts of CJK and Thai need not. */
  readonly isWhole: boolean
  readonly isPrefix: boolean
}

const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}'
const token = new RegExp(`[${unspaced}]+|[[\\p{L}\\p{N}]--[${unspaced}]]+`, 'gv')
const isUnspaced = new RegExp(`^[${unspaced}]`, 'v')
const isLetter = new RegExp(`[[\\p{L}\\p{N}]--[${unspaced}]]`, 'v')

/** The words that a query asks for; none if it holds no letter or digit. */
export function wordsOf(query: string): Word[] {
  const tokens = folded(query).match(token) ?? []
  return [...tokens].flatMap((text, i): Word[] => {
    if (isUnspaced.test(text)) return pairsOf(text).map((pair) => ({ text: pair, isWhole: false, isPrefix: false }))
    const isPrefix = i === tokens.length - 1 && text.length >= prefixLength
    return [{ text, isWhole: true, isPrefix }]
  })
}

/** Each two neighbours; a single one alone. */
function pairsOf(text: string): string[] {
  const characters = [...text]
  if (characters.length === 1) return characters
  return characters.slice(1).map((character, i) => characters[i]! + character)
}

/** Whether every word occurs in one of the texts. */
export function matches(words: readonly Word[], ...texts: (string | null)[]): boolean {
  const text = folded(texts.filter((each) => each !== null).join('\n'))
  return words.every((word) => occurs(word, text))
}

function occurs({ text: word, isWhole, isPrefix }: Word, text: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!isWhole) return true
    const end = at + word.length
    if (!isLetterBefore(text, at) && (isPrefix || !isLetterAt(text, end))) return true
  }
  return false
}

const isLetterAt = (text: string, at: number) =>
  at < text.length && isLetter.test(String.fromCodePoint(text.codePointAt(at)!))

function isLetterBefore(text: string, at: number): boolean {
  if (at === 0) return false
  const isPair = at > 1 && /[\uDC00-\uDFFF]/.test(text[at - 1]!)
  return isLetterAt(text, at - (isPair ? 2 : 1))
}

/** Without case, diacritics and compatibility forms. Composed again at last, so that Hangul stays whole syllables. */
export function folded(text: string): string {
  if (isAscii.test(text)) return text.toLowerCase()
  return text.normalize('NFKD').replace(marks, '').toLowerCase().normalize('NFC')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const isAscii = /^[\x00-\x7f]*$/
const marks = /\p{M}+/gu
