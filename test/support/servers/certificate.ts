import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { serverFolder, serverUser } from './throwaway.ts'

/** A certificate of localhost that signs itself, in files that the servers of this suite may read. */
export function makeCertificate() {
  const folder = serverFolder('certificate')
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...name, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  chmodSync(key, 0o600)
  if (serverUser) for (const file of [cert, key]) chownSync(file, serverUser.uid, serverUser.gid)
  return { cert, key, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
