import { describe, expect } from 'vitest'
import { test as base } from '../support/smtp.ts'
import { world } from './walk.ts'
import {
  examplesWork,
  headsAreAsGets,
  inputIsStrict,
  otherMethodsAreNotAllowed,
  othersAreNotThere,
  strangersAreRefused,
} from './walks.ts'

const test = base.extend('world', { scope: 'file' }, ({ app, as, smtp }) => world(app, as, smtp))

/** Whoever makes an operation open says so here too. */
const open = [
  ...['getLiveness', 'getReadiness'],
  ...['register', 'login', 'refresh'],
  ...['requestPasswordReset', 'resetPassword', 'confirmEmailChange'],
]

describe('every operation', () => {
  test('answers its own examples with success', async ({ world }) => {
    const { seen, findings } = await examplesWork(world)

    expect(findings).toEqual([])
    expect(seen).toHaveLength(29)
  })

  test('but the open ones answers strangers 401, whatever they send', async ({ world }) => {
    const { seen, findings } = await strangersAreRefused(world, open)

    expect(findings).toEqual([])
    expect(seen.filter((id) => !open.includes(id))).toHaveLength(21)
  })

  test("with an id answers for what is another's as for what is not there", async ({ world }) => {
    const { seen, findings } = await othersAreNotThere(world)

    expect(findings).toEqual([])
    expect(seen).toEqual([
      ...['endSession', 'getToken', 'revokeToken'],
      ...['getTask', 'putTask', 'patchTask', 'deleteTask'],
    ])
  })

  test('answers wrong input 422, says where it is, and changes nothing', async ({ world }) => {
    const { seen, findings } = await inputIsStrict(world)

    expect(findings).toEqual([])
    expect(seen).toHaveLength(29)
  })

  test('that is a GET answers HEAD alike', async ({ world }) => {
    const { seen, findings } = await headsAreAsGets(world)

    expect(findings).toEqual([])
    expect(seen).toEqual([
      ...['getLiveness', 'getReadiness', 'getMe', 'listSessions', 'listTokens', 'getToken'],
      ...['listActivity', 'exportMe', 'listTasks', 'getTask'],
    ])
  })

  test('leaves 405 and Allow for the methods that its path does not have', async ({ world }) => {
    const { seen, findings } = await otherMethodsAreNotAllowed(world)

    expect(findings).toEqual([])
    expect(seen).toHaveLength(21)
  })
})
