import { writeFileSync } from 'node:fs'
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'

// `npm run openapi`: the document that the server answers at /docs/json, as openapi.json.
const app = await buildApp(loadConfig({ DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'silent' }))
await app.ready()
writeFileSync('openapi.json', `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()
