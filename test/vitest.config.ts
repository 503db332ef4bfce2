import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { ClosingReporter } from './support/reporter.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dialects = ['sqlite', 'postgresql', 'mysql'] as const

/** The same suite on each database: `npm test -- --project sqlite` runs one. */
const onDatabase = (dialect: (typeof dialects)[number]): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name: dialect,
    provide: { dialect },
    globalSetup: [`test/support/servers/${dialect}.ts`, 'test/support/servers/redis.ts'],
  },
})

export default defineConfig({
  root,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/bench/**'],
    projects: dialects.map(onDatabase),
    // Loading the app takes longer than most files' tests, so a worker loads it once; files share no database.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new ClosingReporter()],
  },
})
