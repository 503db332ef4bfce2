import { randomBytes } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { problems } from '../../src/http/problems.ts'
import { test } from './site.ts'

type PathItem = Record<string, { tags: string[]; operationId: string }>

test.for(['/docs', '/docs/'])(
  '%s lists every operation, and the browser has nothing to complain about',
  async (path, { site, page, faults }) => {
    const { paths } = (await (await fetch(`${site}/openapi.json`)).json()) as { paths: Record<string, PathItem> }
    const operations = Object.values(paths).flatMap((item) => Object.values(item))

    const reply = await page.goto(site + path)
    await page.locator('.opblock').first().waitFor()

    const listed = await page.locator('.opblock').evaluateAll((blocks) => blocks.map(({ id }) => id))
    expect(listed).toContain('operations-tasks-createTask')
    expect(listed[0]).toBe('operations-tasks-listTasks') // what people came for
    expect(listed.sort()).toEqual(operations.map(({ tags, operationId }) => `operations-${tags}-${operationId}`).sort())
    expect(await page.title()).toBe('Task Management API')
    const csp = reply!.headers()['content-security-policy']
    expect(csp).toContain("default-src 'none'")
    expect(csp).toContain("frame-ancestors 'none'")
    expect(csp).not.toContain('unsafe')
    expect(faults).toEqual([])
  },
)

test('who authorizes creates a task, finds it in the list and stays signed in over a reload', async ({
  site,
  page,
  faults,
}) => {
  await page.goto(`${site}/docs`)
  await authorize(page, await register(site))
  await page.getByRole('button', { name: 'Close' }).first().click()

  const createTask = await open(page, 'createTask')
  const created = await execute(createTask, { title: 'Call Bob' })
  const listTasks = await open(page, 'listTasks')
  const listed = await execute(listTasks)
  await page.reload() // the address has the open operation, so it is open again
  const listedAgain = await execute(listTasks)

  expect(created).toMatch(/^201\b/)
  expect(created).toContain('"title": "Call Bob"')
  for (const list of [listed, listedAgain]) {
    expect(list).toMatch(/^200\b/)
    expect(list).toContain('"title": "Call Bob"')
  }
  expect(faults).toEqual([])
})

test('the browser keeps the token until Logout, and the password nowhere', async ({ site, page }) => {
  const ann = await register(site)
  await page.goto(`${site}/docs`)

  const token = await authorize(page, ann)
  const keptWhenSignedIn = await everythingKept(page)
  await page.getByRole('button', { name: 'Remove authorization' }).click()
  const keptAfterLogout = await everythingKept(page)
  await page.reload()

  expect(keptWhenSignedIn).toContain(token)
  expect(keptWhenSignedIn).not.toContain(ann.password)
  expect(keptAfterLogout).not.toContain(token)
  expect(keptAfterLogout).not.toContain(ann.password)
  expect(await execute(await open(page, 'listTasks'))).toMatch(/^401\b/)
})

test('an operation sends no example that nobody typed', async ({ site, page }) => {
  await page.goto(`${site}/docs`)
  const listTasks = await open(page, 'listTasks')
  const patchTask = await open(page, 'patchTask')

  expect(await listTasks.getByPlaceholder('cursor').inputValue()).toBe('')
  expect(await patchTask.getByPlaceholder('id', { exact: true }).inputValue()).toBe('')
  expect(await patchTask.getByPlaceholder('if-match').inputValue()).toBe('')
})

test('each error of an operation is one row, with a link to its explanation', async ({ site, page }) => {
  await page.goto(`${site}/docs`)
  const getTask = await open(page, 'getTask')

  const row = getTask.locator('tr[data-code="404"]')
  expect(await row.innerText()).toMatch(/^404\s+TASK_NOT_FOUND\s+Task not found$/)
  expect(await row.locator('a').evaluate((link) => (link as unknown as { href: string }).href)).toBe(
    `${site}/problems#task-not-found`,
  )
  const heights = await getTask
    .locator('tr.short')
    .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height))
  expect(heights.length).toBeGreaterThan(5)
  expect(Math.max(...heights)).toBeLessThan(60)
})

test('the Authorize dialog says to register first, and asks for an email', async ({ site, page }) => {
  await page.goto(`${site}/docs`)
  await page.getByRole('button', { name: 'Authorize', exact: true }).click()

  const dialog = page.locator('.modal-ux')
  await dialog.getByLabel('email:').waitFor()
  expect(await dialog.innerText()).toContain('Register first')
  expect(await dialog.innerText()).not.toContain('username:')
})

test.for(['/', '/docs', '/problems'])('%s fits a phone', async (path, { site, phone }) => {
  await phone.goto(site + path)
  if (path === '/docs') {
    await open(phone, 'listTasks')
    await phone.locator('tr.short').first().waitFor()
  }

  // A page without a viewport is as wide as a desktop's, and shrunk.
  const [wide, view] = (await phone.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [number, number]
  expect(view).toBe(phone.viewportSize()!.width)
  expect(wide).toBeLessThanOrEqual(view)
})

test('the first page is for people in a browser, light or dark, and names its own address', async ({
  site,
  page,
  faults,
}) => {
  await page.goto(site)
  const scheme = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme')

  expect(await page.locator('h1').innerText()).toBe('Task Management API')
  expect(await page.locator('pre').innerText()).toContain(`API=${site}\n`)
  expect(await scheme()).toBe('light dark')
  await page.getByRole('link', { name: 'Documentation' }).click()
  await page.locator('.opblock').first().waitFor()
  expect(new URL(page.url()).pathname).toBe('/docs')
  expect(faults).toEqual([])
})

test('a wrong password is told, and nobody is signed in', async ({ site, page }) => {
  const { email } = await register(site)
  const password = 'not the password'
  await page.goto(`${site}/docs`)

  const token = await authorize(page, { email, password })

  expect(token).toBeUndefined()
  expect(await page.locator('.auth-container .errors').innerText()).toContain('Invalid email or password')
  expect(await everythingKept(page)).not.toContain(password)
  await page.getByRole('button', { name: 'Close' }).first().click()
  expect(await execute(await open(page, 'listTasks'))).toMatch(/^401\b/)
})

test('the page of problems has an anchor for each, and runs no script', async ({ site, page, faults }) => {
  await page.goto(`${site}/problems#task-not-found`)

  const anchors = await page.locator('h2').evaluateAll((headings) => headings.map(({ id }) => `/problems#${id}`))
  expect(anchors).toEqual(problems().map(({ type }) => type))
  expect(await page.locator(':target').innerText()).toBe('Task not found')
  expect(faults).toEqual([])
  await expect(page.addScriptTag({ content: ';' })).rejects.toThrow('Content Security Policy')
})

test('without DOCS_ENABLED there is no documentation, but what a problem points to is still there', async ({
  buildTestApp,
}) => {
  const app = await buildTestApp({ DOCS_ENABLED: 'false' })

  for (const path of ['/docs', '/docs/', '/openapi.json', '/docs/docs.js']) {
    const reply = await app.inject(path)

    expect(reply.statusCode).toBe(404)
    expect(reply.headers['content-type']).toMatch('application/problem+json')
    expect(reply.json().code).toBe('ROUTE_NOT_FOUND')
  }
  expect((await app.inject('/problems')).statusCode).toBe(200)
})

async function register(site: string) {
  const random = randomBytes(12).toString('hex')
  const ann = { email: `ann-${random}@example.org`, password: `password-${random}` }
  const { status } = await fetch(`${site}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ann),
  })
  expect(status).toBe(201)
  return ann
}

/** Fills the Authorize dialog and leaves it open; returns the token if there was one. */
async function authorize(page: Page, { email, password }: { email: string; password: string }) {
  await page.getByRole('button', { name: 'Authorize', exact: true }).click()
  await page.keyboard.type(email) // the dialog opens with the focus there
  await page.getByLabel('password:').fill(password)
  const login = page.waitForResponse('**/auth/login')
  await page.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click()
  const { access_token: token } = await (await login).json()
  await page.locator(token ? '.auth-container h6' : '.auth-container .errors').waitFor()
  return token as string | undefined
}

async function open(page: Page, operationId: string) {
  const operation = page.locator(`#operations-tasks-${operationId}`)
  await operation.locator('.opblock-summary-control').click()
  return operation
}

/** Presses Execute on an open operation; returns the answer as the page shows it: status, body, headers. */
async function execute(operation: Locator, body?: object) {
  if (body) await operation.locator('textarea').fill(JSON.stringify(body))
  await operation.getByRole('button', { name: 'Execute' }).click()
  return operation.locator('.live-responses-table tbody').innerText()
}

async function everythingKept(page: Page) {
  const { cookies, origins } = await page.context().storageState({ indexedDB: true })
  return JSON.stringify([cookies, origins, await page.evaluate('({ ...sessionStorage })'), page.url()])
}
