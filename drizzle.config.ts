import { existsSync } from 'node:fs'
import { defineConfig } from 'drizzle-kit'
import { parseDatabaseUrl } from './src/database/url.ts'

if (existsSync('.env')) process.loadEnvFile('.env')
const { dialect, location } = parseDatabaseUrl(process.env.DATABASE_URL ?? 'sqlite:///./task.db')

export default defineConfig({
  dialect,
  schema: `./src/tables/${dialect}.ts`,
  out: `./drizzle/${dialect}`,
  casing: 'snake_case',
  dbCredentials: { url: location },
  strict: true,
})
