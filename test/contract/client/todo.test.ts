import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { beginNewEpoch } from '../../../src/changes/epochs.ts'
import { test as base } from '../../support/app.ts'
import { todo } from './todo.ts'

const test = base.extend('address', { scope: 'file' }, async ({ buildTestApp }) => {
  const app = await buildTestApp()
  await app.listen({ port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

test('a day offline on two devices ends in one state, with nothing lost but what both changed', async ({
  address,
  as,
  db,
}) => {
  const token = await as('ann').token
  const [phone, laptop] = [todo(address, token), todo(address, token)]
  await phone.sync()
  expect([...phone.projects.values()]).toMatchObject([{ is_inbox: true }])

  // The morning, offline.
  const milk = phone.add({ title: 'Buy milk', due: { date: day(0) }, priority: 'low' })
  phone.add({ title: 'Call the dentist', due: { date: day(0) }, priority: 'urgent', labels: ['calls'] })
  phone.add({ title: 'Some day' })
  phone.complete(milk)
  expect(phone.waiting).toBe(4)
  expect(await phone.sync()).toEqual([])
  await laptop.sync()
  expect([...laptop.tasks.values()]).toEqual([...phone.tasks.values()])
  expect([...laptop.labels.values()]).toMatchObject([{ name: 'calls' }])

  // The afternoon: both change the same task.
  const byTitle = (title: string) => [...phone.tasks.values()].find((task) => task.title === title)!
  const { id: dentist } = byTitle('Call the dentist')
  const { id: someDay } = byTitle('Some day')
  phone.change(dentist, { title: 'Call the dentist at 3', description: 'About the tooth' })
  laptop.change(dentist, { title: 'Call Dr. Who', priority: 'high' })
  laptop.remove(someDay)
  phone.change(someDay, { title: 'Never' })
  expect(await laptop.sync()).toEqual([])
  const [conflict] = await phone.sync()
  await laptop.sync()

  expect(conflict).toMatchObject({ lost: ['title'], task: { title: 'Call Dr. Who' } })
  const merged = { title: 'Call Dr. Who', description: 'About the tooth', priority: 'high' }
  expect(laptop.tasks.get(dentist)).toMatchObject(merged)
  expect(phone.tasks.has(someDay)).toBe(false)
  expect([...laptop.tasks.values()]).toEqual([...phone.tasks.values()])

  // The evening, online.
  expect(await phone.today()).toMatchObject([{ id: dentist }])
  expect(await phone.search('call')).toMatchObject([{ id: dentist }])
  const [top, ...children] = await phone.addTree('Move house', ['Pack', 'Clean', 'Leave'])
  const house = await laptop.newProject('House')
  await laptop.moveTo(top!, house.id)
  expect(await phone.restore(someDay)).toMatchObject({ title: 'Some day', deleted_at: null })
  expect(await phone.counts()).toMatchObject({ open: { pending: 6 }, completed: 1, due_today: 1, trashed: 0 })
  await Promise.all([phone.sync(), laptop.sync()])
  for (const id of children) expect(phone.tasks.get(id)).toMatchObject({ parent_id: top, project_id: house.id })
  expect([...laptop.tasks.values()]).toEqual([...phone.tasks.values()])

  // The server is restored from a backup: both begin again.
  await beginNewEpoch(db, Date.now())
  await phone.sync()
  expect([...phone.tasks.keys()].sort()).toEqual([...laptop.tasks.keys()].sort())
  expect(phone.tasks.get(dentist)!.etag).not.toBe(laptop.tasks.get(dentist)!.etag)
})

test('an answer that was lost on the way makes nothing twice', async ({ address, as }) => {
  const token = await as('bea').token
  let isLosing = true
  const phone = todo(address, token, async (request, init) => {
    const response = await fetch(request, init)
    if (isLosing) throw new TypeError('fetch failed')
    return response
  })
  phone.add({ title: 'Once' })

  await expect(phone.sync()).rejects.toThrow('fetch failed')
  await expect(phone.sync()).rejects.toThrow('fetch failed')
  isLosing = false
  await phone.sync()

  expect([...phone.tasks.values()]).toMatchObject([{ title: 'Once' }])
})
