import { describe, expect } from 'vitest'
import type { Operation } from '../support/openapi.ts'
import { test as base } from '../support/smtp.ts'
import { type World, world } from './walk.ts'
import {
  examplesWork,
  headsAreAsGets,
  inputIsStrict,
  otherMethodsAreNotAllowed,
  othersAreNotThere,
  strangersAreRefused,
} from './walks.ts'

const test = base.extend('world', { scope: 'file' }, ({ app, as, smtp }) => world(app, as, smtp))

/** The names of the document's operations, or of some of them. */
const idsOf = ({ api }: World, some: (operation: Operation) => boolean = () => true) =>
  api.operations.filter(some).map(({ operationId }) => operationId)

/** Whoever makes an operation open says so here too. */
const open = [
  ...['getWelcome', 'getLiveness', 'getReadiness'],
  ...['register', 'login', 'refresh'],
  ...['requestPasswordReset', 'resetPassword', 'confirmEmailChange'],
]

describe('every operation', () => {
  test('answers its own examples with success', async ({ world }) => {
    const { seen, findings } = await examplesWork(world)

    expect(findings).toEqual([])
    expect(seen).toEqual(idsOf(world))
  })

  test('but the open ones answers strangers 401, whatever they send', async ({ world }) => {
    const { seen, findings } = await strangersAreRefused(world, open)

    expect(findings).toEqual([])
    expect(seen).toEqual(idsOf(world))
    expect(seen).toEqual(expect.arrayContaining(open))
  })

  test("with an id answers for what is another's as for what is not there", async ({ world }) => {
    const { seen, findings } = await othersAreNotThere(world)

    expect(findings).toEqual([])
    expect(seen).toEqual(idsOf(world, ({ path }) => path.includes('{')))
    expect(seen).toContain('getTask')
  })

  test('answers wrong input 422, says where it is, and changes nothing', async ({ world }) => {
    const { seen, findings } = await inputIsStrict(world)

    expect(findings).toEqual([])
    expect(seen).toEqual(idsOf(world))
  })

  test('that is a GET answers HEAD alike', async ({ world }) => {
    const { seen, findings } = await headsAreAsGets(world)

    expect(findings).toEqual([])
    expect(seen).toEqual(idsOf(world, ({ method }) => method === 'get'))
    expect(seen).toContain('getTask')
  })

  test('leaves 405 and Allow for the methods that its path does not have', async ({ world }) => {
    const { seen, findings } = await otherMethodsAreNotAllowed(world)

    expect(findings).toEqual([])
    expect(seen).toHaveLength(Object.keys(world.api.document.paths).length)
  })
})
