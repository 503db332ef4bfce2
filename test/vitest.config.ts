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
    exclude: ['test/browser/**', 'test/bench/**', 'test/faults/**', 'test/mould/**'],
    projects: dialects.map(onDatabase),
    // Loading the app takes longer than most files' tests, so a worker loads it once; files share no database.
    isolate: false,
    maxWorkers: '100%',
    // For a machine that is busy with other things: nothing here takes as long by itself.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', new ClosingReporter()],
  },
})
