import { problem } from '../http/problems.ts'

export const CalendarFeedNotFound = problem(
  'CALENDAR_FEED_NOT_FOUND',
  404,
  'Calendar feed not found',
  'There is no such calendar feed: it never existed, was deleted, or belongs to another user.',
)

export const TooManyCalendarFeeds = problem(
  'TOO_MANY_CALENDAR_FEEDS',
  409,
  'Too many calendar feeds',
  'An account can have 20 calendar feeds. Delete one first.',
)
