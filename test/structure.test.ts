import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../src/', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
}

/** Every import of a file of src by another, types too, as paths in src; `declare module` is none. */
const imports: Import[] = globSync('**/*.ts', { cwd: src }).flatMap((from) =>
  [...readFileSync(src + from, 'utf8').matchAll(/\b(?:from|import) ?\(?'(\.{1,2}\/[^']+)'/g)].map(([, path]) => ({
    from,
    to: normalize(join(dirname(from), path!)),
  })),
)

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path)

/** Folders that import each other, by however many steps: each with the imports among them. */
function knots(all: Import[]): Import[] {
  const between = all.filter(({ from, to }) => folderOf(from) !== folderOf(to))
  const reached = (folder: string, seen = new Set<string>()): Set<string> => {
    for (const { from, to } of between) {
      if (folderOf(from) !== folder || seen.has(folderOf(to))) continue
      seen.add(folderOf(to))
      reached(folderOf(to), seen)
    }
    return seen
  }
  return between.filter(({ from, to }) => reached(folderOf(to)).has(folderOf(from)))
}

test('folders of src do not import each other in a circle', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(knots(imports)).toEqual([])
})

test('a circle is seen, by however many steps', () => {
  const circle = [
    { from: 'a/store.ts', to: 'b/store.ts' },
    { from: 'b/table.ts', to: 'c/table.ts' },
    { from: 'c/store.ts', to: 'a/schemas.ts' },
  ]

  expect(knots([...circle, { from: 'a/store.ts', to: 'd/store.ts' }, { from: 'a/store.ts', to: 'a/x.ts' }])).toEqual(
    circle,
  )
})

test('only app.ts imports routes', () => {
  const routes = imports.filter(({ to }) => to.endsWith('/routes.ts'))

  expect(routes).not.toEqual([])
  expect(routes.filter(({ from }) => from !== 'app.ts')).toEqual([])
})
