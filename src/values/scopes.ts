/** What a personal access token can be allowed to do. No scope includes another. */
export const scopeMeanings = {
  'tasks:read': 'read tasks',
  'tasks:write': 'create, change and delete tasks; the answer to a change shows the whole task',
  'account:read': 'read the account',
} as const
export type Scope = keyof typeof scopeMeanings
export const scopes = Object.keys(scopeMeanings) as Scope[]
