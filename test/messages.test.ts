import { expect } from 'vitest'
import { test } from './support/app.ts'

const cursor = 'is not valid: Where the page starts: the cursor in the `next` link of the previous page. It is opaque.'
const id = 'must be an integer from 1 to 999999999999999'

test.for([
  ['/tasks?limit=0', 'limit', 'must be an integer from 1 to 500'],
  ['/tasks?limit=501', 'limit', 'must be an integer from 1 to 500'],
  ['/tasks?limit=ten', 'limit', 'must be an integer from 1 to 500'],
  ['/tasks?limit=1e2', 'limit', 'must be an integer from 1 to 500'],
  ['/tasks?limit=', 'limit', 'must be an integer from 1 to 500'],
  ['/users/me/activity?limit=-1', 'limit', 'must be an integer from 1 to 500'],
  ['/tasks?limit=1&limit=2', 'limit', 'must be given only once'],
  ['/users/me/activity?cursor=x', 'cursor', cursor],
  ['/users/me/activity?cursor=0', 'cursor', cursor],
  ['/users/me/activity?cursor=1234567890123456', 'cursor', cursor],
  ['/users/me/activity?cursor=1&cursor=1', 'cursor', 'must be given only once'],
  ['/tasks/0', 'id', id],
  ['/tasks/first', 'id', id],
  ['/tasks/1000000000000000', 'id', id],
  ['/users/me/tokens/01', 'id', id],
] as const)('%s says what is allowed', async ([url, parameter, detail], { as }) => {
  const reply = await as('ann').get(url)

  expect(reply.statusCode).toBe(422)
  expect(reply.json()).toMatchObject({ detail: `${parameter} ${detail}`, errors: [{ detail, parameter }] })
  expect(reply.json().errors).toHaveLength(1)
})

test.for([0, 366, 1.5, '30', null])(
  'a token for %j days is refused with the days that are allowed',
  async (days, { as }) => {
    const token = { name: 'Backup', scopes: ['tasks:read'], expires_in_days: days }

    const reply = await as('ann').post('/users/me/tokens', token)

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors).toEqual([{ detail: 'must be an integer from 1 to 365', pointer: '/expires_in_days' }])
  },
)
