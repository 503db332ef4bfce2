import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    dialect: 'sqlite' | 'postgresql' | 'mysql'
    /** Where the suite's databases are made: a server, or SQLite's folder. Undefined where there is none. */
    serverUrl: string | undefined
    /** What to do to have the database, where it is missing. */
    missing: string | undefined
    /** A Redis server; undefined where there is none. */
    redisUrl: string | undefined
    /** What to do to have Redis, where it is missing. */
    missingRedis: string | undefined
  }
}

/** On a developer's machine a missing database skips its tests, and the run's last lines say so; CI must have it. */
export function miss(project: TestProject, remedy: string): void {
  if (process.env.CI) throw new Error(`CI must test on ${project.name}, which is missing: ${remedy}`)
  project.provide('missing', remedy)
  project.config.testNamePattern = /(?!)/ // matches no test: vitest skips them all, hooks included
}
