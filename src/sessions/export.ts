import type { ExportMember } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { presentSession, Session } from './schemas.ts'
import { listSessions, maxSessions } from './store.ts'
import type { SessionRow } from './table.ts'

export const exportedSessions: ExportMember<SessionRow, typeof Session> = {
  table: 'sessions',
  name: 'sessions',
  items: Session,
  maxItems: maxSessions,
  readPage: async (db, userId) => onlyPage(await listSessions(db, userId)),
  present: (row, { sessionId }) => presentSession(row, sessionId),
}
