import { describe, expect } from 'vitest'
import { test } from './support/app.ts'

describe('an account', () => {
  test('has no display name and lives in UTC until it says otherwise', async ({ as }) => {
    const ann = as('ann')
    const before = await ann.user

    const reply = await ann.patch('/users/me', { display_name: ' Zoë 😀 ', timezone: 'Asia/Kolkata' })

    expect(before).toMatchObject({ display_name: null, timezone: 'UTC' })
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({ ...before, display_name: ' Zoë 😀 ', timezone: 'Asia/Kolkata' })
    expect((await ann.get('/users/me')).json()).toEqual(reply.json())
  })

  test('keeps what a change does not name, and clears a display name by null', async ({ as }) => {
    const bob = as('bob')
    const longest = '𝒳'.repeat(100)
    const named = (await bob.patch('/users/me', { display_name: longest })).json()

    const moved = await bob.patch('/users/me', '{"timezone":"Europe/Kyiv"}', {
      'content-type': 'application/merge-patch+json',
    })
    const unchanged = await bob.patch('/users/me', {})
    const cleared = await bob.patch('/users/me', { display_name: null })

    expect(named).toEqual({ ...(await bob.user), display_name: longest })
    expect(moved.json()).toEqual({ ...named, timezone: 'Europe/Kyiv' })
    expect(unchanged.json()).toEqual(moved.json())
    expect(cleared.json()).toEqual({ ...moved.json(), display_name: null })
  })

  test.for(['UTC', 'Etc/UTC', 'Asia/Calcutta', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'EST5EDT', 'CET'])(
    'takes the time zone %s',
    async (timezone, { as }) => {
      const reply = await as('ann').patch('/users/me', { timezone })

      expect([reply.statusCode, reply.json().timezone]).toEqual([200, timezone])
    },
  )

  test.for([
    ['timezone', 'Mars/Olympus'],
    ['timezone', 'europe/berlin'],
    ['timezone', '+01:00'],
    ['timezone', 'PST'],
    ['timezone', 'SystemV/PST8'],
    ['timezone', ''],
    ['timezone', ` UTC`],
    ['timezone', `Etc/${'X'.repeat(61)}`],
    ['timezone', null],
    ['timezone', 0],
    ['display_name', ''],
    ['display_name', ' \n\u00a0'],
    ['display_name', 'x'.repeat(101)],
    ['display_name', 'a\0b'],
    ['display_name', 7],
    ['email', 'other@example.org'],
    ['is_active', false],
    ['id', 1],
  ] as const)('refuses %s %j, and changes nothing', async ([field, value], { as }) => {
    const cat = as('cat')

    const reply = await cat.patch('/users/me', { display_name: 'Cat', [field]: value })

    expect(reply.statusCode).toBe(422)
    expect(reply.json().errors[0].pointer).toBe(`/${field}`)
    expect((await cat.get('/users/me')).json()).toEqual(await cat.user)
  })

  test('is changed by its owner only', async ({ as, anyone }) => {
    const ann = as('ann')
    const before = (await ann.get('/users/me')).json()

    await as('bob').patch('/users/me', { display_name: 'Bob' })
    const refused = await anyone.patch('/users/me', { display_name: 'Nobody' })

    expect(refused.statusCode).toBe(401)
    expect((await ann.get('/users/me')).json()).toEqual(before)
  })
})
