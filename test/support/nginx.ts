import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './servers/throwaway.ts'

const hasNginx = spawnSync('nginx', ['-v']).status === 0
if (!hasNginx && process.env.CI) throw new Error('CI must test behind nginx, which is missing: apt install nginx-light')

/** Why tests behind nginx are skipped; undefined where they are not. */
export const missingNginx = hasNginx ? undefined : 'NOT TESTED behind nginx: to test it, apt install nginx-light'

/** A real nginx that serves a server of this machine under /api/, with further lines in the location. */
export async function startNginx(upstreamPort: number, ...lines: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'test-nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port};
    location /api/ { proxy_pass http://127.0.0.1:${upstreamPort}/; ${lines.join(' ')} }
  }
}
`,
  )
  const child = spawn('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], {
    stdio: 'inherit',
  })
  const exit = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  while (
    child.exitCode === null &&
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  )
    await sleep(50)
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exit
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
