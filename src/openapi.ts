import { writeFileSync } from 'node:fs'
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'

// `npm run openapi`: writes the document that the server serves at /openapi.json to a file of that name.
const app = await buildApp(loadConfig({ DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'silent' }))
await app.ready()
writeFileSync('openapi.json', `${JSON.stringify(app.swagger(), null, 2)}\n`)
await app.close()
