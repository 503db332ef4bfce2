import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingReporter } from '../support/reporter.ts'

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    name: 'faults',
    include: ['test/faults/*.test.ts'],
    // Most of the time is spent waiting: for a server to start, to give up on a database, to end.
    maxWorkers: 2,
    // For a machine that is busy with other things: nothing here takes as long by itself.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 90_000 } },
    reporters: ['default', new ClosingReporter()],
  },
})
