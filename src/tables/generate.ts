/** `npm run db:generate`: drizzle-kit generate for each dialect, since its config takes one. Arguments are passed on. */
import { spawnSync } from 'node:child_process'

const urls = ['sqlite:///./task.db', 'postgresql://localhost/generate', 'mysql://localhost/generate'] // never connected to

for (const DATABASE_URL of urls) {
  const { status } = spawnSync('drizzle-kit', ['generate', ...process.argv.slice(2)], {
    stdio: 'inherit',
    shell: process.platform === 'win32', // npm's commands are .cmd files there
    env: { ...process.env, DATABASE_URL },
  })
  if (status !== 0) process.exit(status ?? 1)
}
