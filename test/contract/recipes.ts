import { expect } from 'vitest'
import type { Operation } from '../support/openapi.ts'
import { tokenIn } from '../support/smtp.ts'
import { bearer, decoded, encoded, type Person, type Request, type World } from './walk.ts'

/** What an operation's example lacks to succeed: who asks, if not anyone, and the fields that only they know. */
type Recipe = (world: World, newcomer: Person) => Promise<{ asker?: Person; fields?: object }>

// Whoever asks is a newcomer where the account would not be the same afterwards.
const recipes: Record<string, Recipe> = {
  refresh: async (world, { email, password, user }) => {
    await user
    const { refresh_token } = await world.post('/auth/login', { email, password })
    return { fields: { refresh_token } }
  },
  logout: async (_world, asker) => ({ asker }),
  logoutAll: async (_world, asker) => ({ asker }),
  changePassword: async (_world, asker) => ({ asker, fields: { current_password: asker.password } }),
  resetPassword: async (world, { email, user }) => {
    await user
    await world.post('/auth/password-reset', { email })
    return { fields: { token: await mailedTo(world, email) } }
  },
  requestEmailChange: async (_world, asker) => ({ asker, fields: { password: asker.password } }),
  confirmEmailChange: async (world, { email: former, password, token }) => {
    const email = `new-${former}`
    await world.post('/users/me/email', { email, password }, { authorization: `Bearer ${await token}` })
    return { fields: { token: await mailedTo(world, email) } }
  },
  mergeLabel: async ({ ann }) => {
    const name = `merged ${++labelsMade}`
    return { fields: { into: (await ann.post('/labels', { name })).json().id } }
  },
  // The example is another occurrence than that of the task that was made.
  completeTask: async () => ({ fields: { due: undefined } }),
  deleteMe: async (_world, asker) => ({ asker, fields: { password: asker.password } }),
}

let labelsMade = 0

/** The ids of what no POST to the collection makes, newly made for its owner: for an operation, or for a path. */
export const makers: Record<string, (world: World, owner: Person) => Promise<string>> = {
  '/comments': async (_world, owner) => {
    const { id } = await owner.creates({ title: 'Commented' })
    return String((await owner.post(`/tasks/${id}/comments`, { body: 'Not today' })).json().id)
  },
  undoCompletion: async (_world, owner) => {
    const { id } = await owner.creates({ title: 'Done', status: 'completed' })
    const [{ id: completion }] = (await owner.get(`/tasks/${id}/completions`)).json()
    return `${id}|${completion}`
  },
  skipTask: async (_world, owner) => {
    const recurrence = { rrule: 'FREQ=DAILY', from: 'due' } as const
    return String((await owner.creates({ title: 'Skipped', due: { date: '2026-12-01' }, recurrence })).id)
  },
  '/users/me/sessions': async (world, owner) => {
    await owner.user
    await world.post('/auth/login', { email: owner.email, password: owner.password })
    const [newest] = (await owner.get('/users/me/sessions')).json()
    return String(newest.id)
  },
}

/** The request as its recipe makes it real; as it is, where there is none. */
export async function made(world: World, { operationId }: Operation, request: Request): Promise<Request> {
  const recipe = recipes[operationId]
  if (!recipe) return request
  const { asker, fields } = await recipe(world, world.newcomer())
  return {
    ...request,
    ...(asker && { headers: await bearer(asker) }),
    ...(fields && { body: encoded(request.type!, { ...decoded(request.type!, request.body!), ...fields }) }),
  }
}

async function mailedTo({ smtp }: World, email: string): Promise<string> {
  expect(smtp, 'a world whose operations mail needs an SMTP server').toBeDefined()
  return tokenIn(await smtp!.latestTo(email))
}
