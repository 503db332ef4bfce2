import type { Row } from '../database/database.ts'
import type { Kit } from '../database/kit.ts'
import type { defineUsers } from '../users/table.ts'

export const mailLinkPurposes = ['password_reset', 'email_change'] as const

/** Links that were mailed to prove that somebody reads an address. Each is deleted when it is used. */
export const defineMailLinks = (k: Kit, users: ReturnType<typeof defineUsers>) =>
  k.table(
    'mail_links',
    {
      id: k.id(),
      userId: k.reference().notNull(),
      purpose: k.string(16).$type<(typeof mailLinkPurposes)[number]>().notNull(),
      tokenHash: k.string(43).notNull(),
      /** The address that an account is to have. */
      email: k.string(768),
      createdAt: k.timestamp().notNull(),
      expiresAt: k.timestamp().notNull(),
    },
    (t) => [
      k.cascade('mail_links_user_fk', t.userId, users.id),
      k.unique('mail_links_token_hash_key', [t.tokenHash], 'random'),
      k.index('mail_links_user_id_idx', t.userId, t.id),
      k.oneOf('mail_links_purpose_check', t.purpose, mailLinkPurposes),
    ],
  )

export type MailLinkRow = Row<ReturnType<typeof defineMailLinks>>
