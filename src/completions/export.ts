import type { ExportMember } from '../export/members.ts'
import { presentCompletion, TaskCompletion } from './schemas.ts'
import { listCompletions } from './store.ts'
import type { CompletionRow } from './table.ts'

export const exportedCompletions: ExportMember<CompletionRow, typeof TaskCompletion> = {
  table: 'completions',
  name: 'completions',
  items: TaskCompletion,
  readPage: listCompletions,
  present: presentCompletion,
}
