import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import './context.ts'

/** A folder for the databases, which are files, as in production. */
export function setup(project: TestProject): void {
  const folder = mkdtempSync(join(tmpdir(), 'test-sqlite-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  project.provide('serverUrl', `sqlite:///${folder}`)
}
