import type { ExportMember, LeftOut } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { CalendarFeed, presentCalendarFeed } from './schemas.ts'
import { listFeeds, maxFeeds } from './store.ts'
import type { CalendarFeedRow } from './table.ts'

export const exportedCalendarFeeds: ExportMember<CalendarFeedRow, typeof CalendarFeed> = {
  table: 'calendarFeeds',
  name: 'calendar_feeds',
  items: CalendarFeed,
  maxItems: maxFeeds,
  readPage: async (db, userId) => onlyPage(await listFeeds(db, userId)),
  present: presentCalendarFeed,
}

export const calendarObjectsLeftOut: LeftOut = {
  table: 'calendarObjects',
  reason: 'GET /tasks/export?format=ics has it in the form that it came in.',
}
