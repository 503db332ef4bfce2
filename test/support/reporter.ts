import type { Reporter, TestModule } from 'vitest/node'

/** Ends the run's output with what was not tested and with the counts, which .ci/run reads. */
export class ClosingReporter implements Reporter {
  private modules: readonly TestModule[] = []
  private untested: string[] = []

  onInit(): void {
    // Only at exit, since vitest still writes after its last event: the errors of a teardown, for one.
    process.once('exit', (code) => {
      process.stdout.write(`\n${[...this.untested, counts(this.modules, code !== 0)].join('\n')}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    this.modules = modules
    this.untested = untested(modules)
  }
}

/** A line for each database that is missing on this machine, one for Redis, and one for each test that said why it skips. */
function untested(modules: readonly TestModule[]): string[] {
  const missing: string[] = []
  const redis = modules.map(({ project }) => project.getProvidedContext().missingRedis).find(Boolean)
  if (redis) missing.push(`NOT TESTED with Redis: what instances count together. To test it, ${redis}.`)
  for (const [project, ofProject] of Map.groupBy(modules, (module) => module.project)) {
    const remedy = project.getProvidedContext().missing
    const skipped = ofProject.flatMap(({ children }) => [...children.allTests()]).length
    if (remedy) missing.push(`NOT TESTED on ${project.name}: ${skipped} tests skipped. To run them, ${remedy}.`)
  }
  for (const test of modules.flatMap(({ children }) => [...children.allTests('skipped')])) {
    const { note } = test.result() as { note?: string }
    if (note) missing.push(`NOT TESTED: ${test.fullName}: ${note}.`)
  }
  return missing
}

/** A file or hook that fails counts as a failed test, and so does a run that fails without one. */
function counts(modules: readonly TestModule[], isFailure: boolean): string {
  const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
  for (const module of modules) {
    for (const test of module.children.allTests()) count[test.result().state]++
    for (const suite of [module, ...module.children.allSuites()]) count.failed += suite.errors().length
  }
  const failed = count.failed || Number(isFailure)
  return `${count.passed} passed, ${failed} failed, ${count.skipped} skipped`
}
