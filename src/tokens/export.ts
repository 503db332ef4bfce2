import type { ExportMember } from '../export/members.ts'
import { onlyPage } from '../http/paging.ts'
import { maxTokens, PersonalAccessToken, presentToken } from './schemas.ts'
import { listTokens } from './store.ts'
import type { TokenRow } from './table.ts'

export const exportedTokens: ExportMember<TokenRow, typeof PersonalAccessToken> = {
  table: 'personalAccessTokens',
  name: 'tokens',
  items: PersonalAccessToken,
  maxItems: maxTokens,
  readPage: async (db, userId) => onlyPage(await listTokens(db, userId)),
  present: presentToken,
}
