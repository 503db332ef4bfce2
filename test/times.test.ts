import { expect, test } from 'vitest'
import { formatTime } from '../src/values/times.ts'

const day = 86_400_000

test.for([
  0,
  1,
  -1,
  999,
  1000,
  day - 1,
  day,
  day + 1,
  -day,
  -day - 1,
  Date.UTC(2024, 1, 29),
  Date.UTC(1969, 11, 31),
  Date.UTC(2038, 0, 19, 3, 14, 8),
  253_402_300_799_999,
  -62_135_596_800_000,
])('a time is written as Date does: %i', (ms) => {
  expect(formatTime(ms)).toBe(new Date(ms).toISOString())
})

test('any times are written as Date does, in any order', () => {
  for (let i = 0; i < 10_000; i++) {
    const ms = Math.floor(Math.random() * 253_402_300_799_999) * (i % 3 === 0 ? -0.2 : 1)
    for (const near of [Math.trunc(ms), Math.trunc(ms) + 1, Math.trunc(ms) + day]) {
      expect(formatTime(near)).toBe(new Date(near).toISOString())
    }
  }
})
