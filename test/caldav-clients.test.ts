import { DAVClient } from 'tsdav'
import { expect, test } from 'vitest'
import { account, call, emptyFolder, logIn, startServer } from './support/process.ts'

const todo = (uid: string, summary: string) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//EN', 'BEGIN:VTODO', `UID:${uid}`, 'DTSTAMP:20261125T120000Z']
    .concat(`SUMMARY:${summary}`, 'X-UNKNOWN:kept', 'END:VTODO', 'END:VCALENDAR', '')
    .join('\r\n')

test('tsdav finds the lists, writes tasks, and follows them', async () => {
  using folder = emptyFolder()
  await using server = await startServer(folder.path)
  const access = await logIn(server)
  const { json: made } = await call(
    server,
    '/users/me/tokens',
    { name: 'tsdav', scopes: ['tasks:read', 'tasks:write'] },
    access,
  )
  const { token } = made as { token: string }
  const client = new DAVClient({
    serverUrl: `${server.url}/`,
    credentials: { username: account.email, password: token },
    authMethod: 'Basic',
    defaultAccountType: 'caldav',
  })
  await client.login()
  const home = client.account?.homeUrl as string
  const url = new URL('made-here/', home).href
  await client.makeCalendar({ url, props: { displayname: 'Made here' } })
  const calendars = await client.fetchCalendars()
  const calendar = calendars.find((each) => each.url === url)!
  const objects = () =>
    client.fetchCalendarObjects({
      calendar,
      filters: [
        {
          'comp-filter': {
            _attributes: { name: 'VCALENDAR' },
            'comp-filter': { _attributes: { name: 'VTODO' } },
          },
        },
      ],
    })

  expect(calendars.map(({ displayName }) => displayName)).toEqual(['Inbox', 'Made here'])
  expect(calendar.components).toEqual(['VTODO'])
  const file = { calendar, filename: 'one.ics', iCalString: todo('one', 'first') }
  expect((await client.createCalendarObject(file)).status).toBe(201)
  expect((await client.createCalendarObject(file)).status).toBe(412)
  const [object] = await objects()
  expect(object!.data).toBe(todo('one', 'first').trimEnd())
  expect(
    (await client.updateCalendarObject({ calendarObject: { ...object!, data: todo('one', 'second') } })).status,
  ).toBe(204)
  expect(
    (await client.updateCalendarObject({ calendarObject: { ...object!, data: todo('one', 'stale') } })).status,
  ).toBe(412)
  const [changed] = await objects()
  expect(changed!.data).toBe(todo('one', 'second').trimEnd())
  expect((await client.deleteCalendarObject({ calendarObject: changed! })).status).toBe(204)
  expect(await objects()).toEqual([])
})
