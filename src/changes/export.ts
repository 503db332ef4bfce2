import type { LeftOut } from '../export/members.ts'

export const changeFeedsLeftOut: LeftOut = {
  table: 'changeFeeds',
  reason: 'It counts writes, and says nothing of what was written.',
}

export const deletionsLeftOut: LeftOut = {
  table: 'deletions',
  reason: 'It says what is gone, to those who keep a copy.',
}
