import type { LeftOut } from '../export/members.ts'

export const projectViewsLeftOut: LeftOut = {
  table: 'projectViews',
  reason: 'It is how calendar programs show a project: what a person said of it is in the project.',
}
