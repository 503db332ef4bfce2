import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { miss } from '../support/servers/context.ts'

declare module 'vitest' {
  interface ProvidedContext {
    chromiumPath: string
  }
}

const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** CHROMIUM_PATH, or the Chromium of this machine. */
export function setup(project: TestProject): void {
  const path = process.env.CHROMIUM_PATH || usualPaths.find((usual) => existsSync(usual))
  if (path) project.provide('chromiumPath', path)
  else miss(project, 'install Chromium (apt install chromium), or set CHROMIUM_PATH to its program')
}
