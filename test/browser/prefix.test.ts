import { expect } from 'vitest'
import { missingNginx, startNginx } from '../support/nginx.ts'
import { test } from './site.ts'

test('behind an nginx that adds a prefix, /docs shows, authorizes and executes', async ({
  skip,
  site,
  page,
  faults,
}) => {
  if (missingNginx) skip(missingNginx)
  await using nginx = await startNginx(Number(new URL(site).port))
  const ann = { email: 'ann@example.org', password: 'correct horse battery' }
  const headers = { 'content-type': 'application/json' }
  await fetch(`${nginx.url}/api/auth/register`, { method: 'POST', headers, body: JSON.stringify(ann) })

  await page.goto(`${nginx.url}/api/docs`)
  await page.getByRole('button', { name: 'Authorize', exact: true }).click()
  await page.keyboard.type(ann.email)
  await page.getByLabel('password:').fill(ann.password)
  const login = page.waitForResponse('**/auth/login')
  await page.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click()
  const loggedIn = await login
  await page.getByRole('button', { name: 'Close' }).first().click()
  const operation = page.locator('#operations-tasks-createTask')
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('textarea').fill('{"title":"Buy milk"}')
  const create = page.waitForResponse('**/tasks')
  await operation.getByRole('button', { name: 'Execute' }).click()

  expect([loggedIn.status(), loggedIn.url()]).toEqual([200, `${nginx.url}/api/auth/login`])
  const created = await create
  expect([created.status(), created.url()]).toEqual([201, `${nginx.url}/api/tasks`])
  expect(faults).toEqual([])
})
