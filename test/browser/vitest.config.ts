import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingReporter } from '../support/reporter.ts'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    name: 'browser',
    include: ['test/browser/*.test.ts'],
    provide: { dialect: 'sqlite' },
    globalSetup: ['test/support/servers/sqlite.ts', 'test/browser/chromium.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new ClosingReporter()],
  },
})
