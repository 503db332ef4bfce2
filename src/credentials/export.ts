import { type Static, Type } from '@sinclair/typebox'
import { desc, eq } from 'drizzle-orm'
import type { Query } from '../database/database.ts'
import type { ExportMember } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { nullable, Timestamp, words } from '../http/schemas.ts'
import { formatTime } from '../values/times.ts'
import { type MailLinkRow, mailLinkPurposes } from './table.ts'

const ExportedMailLink = Type.Object(
  {
    purpose: words(mailLinkPurposes, { description: 'The purpose of the link.' }),
    email: nullable(
      Type.String({
        format: 'idn-email',
        maxLength: 254,
        description: 'The address that the account is to have.',
        examples: ['ann@example.org'],
      }),
    ),
    created_at: Timestamp(),
    expires_at: Timestamp(),
  },
  { additionalProperties: false, description: 'A link that was mailed and not used, without its secret.' },
)

export const exportedMailLinks: ExportMember<MailLinkRow, typeof ExportedMailLink> = {
  table: 'mailLinks',
  name: 'mail_links',
  items: ExportedMailLink,
  maxItems: mailLinkPurposes.length,
  readPage: async (db, userId) => onlyPage(await db.all(linksOfUser, { userId })),
  present: presentMailLink,
}

function presentMailLink(row: MailLinkRow): Static<typeof ExportedMailLink> {
  return {
    purpose: row.purpose,
    email: row.email,
    created_at: formatTime(row.createdAt),
    expires_at: formatTime(row.expiresAt),
  }
}

/** One for each purpose at most. */
const linksOfUser: Query<MailLinkRow, { userId: number }> = ({ select, parameter, tables: { mailLinks: links } }) =>
  select()
    .from(links)
    .where(eq(links.userId, parameter(links.userId, 'userId')))
    .orderBy(desc(links.id))
