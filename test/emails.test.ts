import { expect, test } from 'vitest'
import { normalizeEmail, spellingsOf } from '../src/values/emails.ts'

test.for([
  ['ann@example.org', 'ann@example.org'],
  [' \t\nAnn@Example.ORG\r\n', 'ann@example.org'],
  ['ANN+tag@sub.example.org', 'ann+tag@sub.example.org'],
  ["o'neil!#$%&*/=?^_`{|}~-@example.org", "o'neil!#$%&*/=?^_`{|}~-@example.org"],
  ['zoe\u0308@example.org', 'zoë@example.org'],
  ['ZOE\u0308@EXAMPLE.ORG', 'zoë@example.org'],
  ['İ@example.org', 'i̇@example.org'],
  ['用户@例子.广告', '用户@例子.广告'],
  ['квіточка@пошта.укр', 'квіточка@пошта.укр'],
  ['ann@xn--bcher-kva.example', 'ann@bücher.example'],
  ['ann@XN--BCHER-KVA.example', 'ann@bücher.example'],
  ['ann@bücher.xn--bcher-kva.example', 'ann@bücher.bücher.example'],
  ['ann@ｅｘａｍｐｌｅ.org', 'ann@example.org'],
  ['ann@faß.example', 'ann@faß.example'],
  ['ann@fass.example', 'ann@fass.example'],
  ['ann@xn--i-7iq.example', 'ann@xn--i-7iq.example'],
  ['ann@0x7f.11', 'ann@0x7f.11'],
  ['ann@1.2.example', 'ann@1.2.example'],
  [`${'x'.repeat(64)}@example.org`, `${'x'.repeat(64)}@example.org`],
  [`ann@${'x'.repeat(63)}.org`, `ann@${'x'.repeat(63)}.org`],
] as const)('%j is kept as %j', ([text, email]) => {
  expect(normalizeEmail(text)).toBe(email)
  expect(normalizeEmail(email), 'once kept, it stays the same').toBe(email)
})

test.for([
  ['ann@example.org', ['ann@example.org']],
  ['ANN@MÜNCHEN.example', ['ann@münchen.example', 'ann@xn--mnchen-3ya.example']],
  ['ann@xn--mnchen-3ya.example', ['ann@xn--mnchen-3ya.example', 'ann@münchen.example']],
  ['nobody', []],
] as const)('%j may be kept as %j', ([text, spellings]) => {
  expect(spellingsOf(text)).toEqual(spellings)
})

test.for([
  '',
  ' ',
  'ann',
  '@example.org',
  'ann@',
  'ann@example',
  'ann@.org',
  'ann@example.',
  'ann@example..org',
  'ann@-example.org',
  'ann@example-.org',
  'ann@example.o',
  'ann@exam_ple.org',
  '.ann@example.org',
  'ann.@example.org',
  'a..nn@example.org',
  'a nn@example.org',
  'ann@exam ple.org',
  'ann@bob@example.org',
  '"ann"@example.org',
  'ann(comment)@example.org',
  'Ann <ann@example.org>',
  'ann@[127.0.0.1]',
  'ann@example.org,bob@example.org',
  'mailto:ann@example.org',
  'ann\u0000@example.org',
  'ann\u200b@example.org',
  'ann\u202e@example.org',
  'ann\ud800@example.org',
  'ann@exam\nple.org',
  `${'x'.repeat(65)}@example.org`,
  `ann@${'x'.repeat(64)}.org`,
  `ann@${'example.'.repeat(32)}org`,
])('%j is no email', (text) => {
  expect(normalizeEmail(text)).toBeUndefined()
})

test('a text that is no email is refused quickly, however it is made', () => {
  for (const text of [
    'a'.repeat(60_000),
    'a.'.repeat(30_000),
    `a@${'a-'.repeat(30_000)}`,
    `a@${'a.'.repeat(30_000)}`,
    'a\u0315\u0301'.padEnd(60_000, '\u0301\u0315'),
  ]) {
    expect(normalizeEmail(text)).toBeUndefined()
  }
})
