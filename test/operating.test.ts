import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Environment } from '../src/config.ts'
import { dialect } from './support/database.ts'
import { emptyFolder, startServer } from './support/process.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const settings = Object.keys(Environment.properties)

interface Service {
  readonly build?: string
  readonly restart?: string
  readonly environment?: Record<string, string>
  readonly env_file?: string | { path: string }[]
  readonly read_only?: boolean
  readonly cap_drop?: string[]
  readonly security_opt?: string[]
  readonly tmpfs?: string | string[]
}

const servicesOf = (file: string): Record<string, Service> => parse(read(file), { merge: true }).services

describe.runIf(dialect === 'sqlite')('the Compose files', () => {
  const files = ['compose.yaml', 'compose.server.yaml']
  const services = files.flatMap((file) =>
    Object.entries(servicesOf(file)).map(([name, service]) => [`${name} of ${file}`, service] as const),
  )
  const built = services.filter(([, { build }]) => build !== undefined)

  test.for(services)('%s has no rights and no files that it does not need', ([, service]) => {
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect([service.tmpfs].flat()).toContain('/tmp')
  })

  test.for(services.filter(([name]) => !name.startsWith('migrate')))('%s starts again after a fault', ([, service]) => {
    expect(service.restart).toBe('unless-stopped')
  })

  test.for(built)('%s gets every setting of .env, but for those that the file decides', ([name, service]) => {
    const decided = name.endsWith('of compose.yaml')
      ? ['HOST', 'PORT']
      : ['HOST', 'PORT', 'DATABASE_URL', 'REDIS_URL', 'TRUST_PROXY']

    const [file] = [service.env_file].flat()
    expect(typeof file === 'string' ? file : file?.path).toBe('.env')
    expect(Object.keys(service.environment ?? {})).toEqual(decided)
    expect(settings).toEqual(expect.arrayContaining(decided))
  })

  test.skipIf(!has('docker', 'compose', 'version')).for(files)('docker compose accepts %s', (file) => {
    using folder = emptyFolder()
    for (const name of files) writeFileSync(join(folder.path, name), read(name))
    writeFileSync(join(folder.path, '.env'), 'SECRET_KEY=abc\nREGISTRATION=closed\n')

    const { status, stdout, stderr } = spawnSync('docker', ['compose', '--file', file, 'config', '--format=json'], {
      cwd: folder.path,
      encoding: 'utf8',
    })

    expect(status, stderr).toBe(0)
    const { environment } = JSON.parse(stdout).services.api
    expect(environment).toMatchObject({ SECRET_KEY: 'abc', REGISTRATION: 'closed', HOST: '0.0.0.0' })
  })
})

test.runIf(dialect === 'sqlite')('the HEALTHCHECK of the image tells a server that is ready from none', async () => {
  using folder = emptyFolder()
  const server = await startServer(folder.path)
  const [, json = '[]'] = /HEALTHCHECK [^\n]+\\\n\s+CMD (\[.+\])/.exec(read('Dockerfile')) ?? []
  const [command, ...args] = JSON.parse(json) as string[]
  const env = { PORT: new URL(server.url).port }
  const check = () =>
    promisify(execFile)(command === 'node' ? process.execPath : '', args, { env }).then(
      () => 0,
      ({ code }) => code,
    )

  const whileServed = await check()
  await server.end('SIGTERM')
  const afterwards = await check()

  expect([whileServed, afterwards]).toEqual([0, 1])
})

describe.runIf(dialect === 'sqlite')('OPERATING.md', () => {
  const text = read('OPERATING.md')
  const block = (language: string, part: string): string => {
    const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code!)
    const found = blocks.find((code) => code.includes(part))
    if (found === undefined) throw new Error(`OPERATING.md has no ${language} with ${part}`)
    return found
  }

  test('names no setting, metric or command that is not there', async () => {
    const named = [...text.matchAll(/`([A-Z][A-Z_]+)(?:=[^`]*)?`/g)].map(([, name]) => name!)
    const ofCompose = ['PUBLISH', 'SITE']
    const commands = [...text.matchAll(/(?:admin --|src\/admin\.ts|`)\s?(?!--)([a-z]+-[a-z]+|backup|restore)\b/g)]
    const { stdout: help } = spawnSync(process.execPath, ['src/admin.ts', '--help'], { cwd: root, encoding: 'utf8' })

    expect(named.length).toBeGreaterThan(5)
    expect([...ofCompose, ...settings]).toEqual(expect.arrayContaining(named))
    expect(commands.length).toBeGreaterThan(5)
    for (const [, name] of commands) if (!name!.startsWith('mariadb')) expect(help).toContain(`  ${name} `)
  })

  test('has a line that makes .env with a secret key, once', async () => {
    using folder = emptyFolder()
    const command = block('sh', 'openssl rand -base64 48')
    const make = () => spawnSync('sh', ['-c', command], { cwd: folder.path }).status
    const made = [make(), readFileSync(join(folder.path, '.env'), 'utf8')]
    const again = [make(), readFileSync(join(folder.path, '.env'), 'utf8')]

    await using server = await startServer(folder.path)

    expect(made).toEqual([0, expect.stringMatching(/^NODE_ENV=production\nSECRET_KEY=[\w+/]{64}\n$/)])
    expect(again).toEqual(made)
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
    expect(server.log()).not.toContain('created a secret key')
  })

  test.skipIf(!has('systemd-analyze', '--version'))('has a unit that systemd finds nothing wrong with', () => {
    using folder = emptyFolder()
    const unit = join(folder.path, 'tasks.service')
    writeFileSync(unit, block('ini', '[Service]').replace('/usr/bin/node', process.execPath))

    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })

    const ofOurs = (stdout + stderr).split('\n').filter((line) => line.includes('tasks.service'))
    expect([ofOurs, status]).toEqual([[], 0])
  })

  test.skipIf(!has('nginx', '-v'))('has lines that nginx accepts', () => {
    using folder = emptyFolder()
    const file = join(folder.path, 'nginx.conf')
    const paths = `pid ${folder.path}/pid; error_log stderr;`
    writeFileSync(file, `${paths} events {} http { access_log off; ${block('nginx', 'proxy_pass')} }`)

    const { status, stderr } = spawnSync('nginx', ['-t', '-c', file, '-p', folder.path], { encoding: 'utf8' })

    expect([status, stderr]).toEqual([0, expect.stringContaining('test is successful')])
  })

  test.skipIf(!has('caddy', 'version'))('has lines that Caddy accepts, and so has the Compose file', () => {
    const ofCompose: string = parse(read('compose.server.yaml'), { merge: true }).configs.caddyfile.content
    const files = [block('caddyfile', 'reverse_proxy'), ofCompose.replace(/\$\{SITE:-(\w+)\}/, '$1')]

    for (const config of files) {
      using folder = emptyFolder()
      const file = join(folder.path, 'Caddyfile')
      writeFileSync(file, config)
      const args = ['adapt', '--config', file, '--adapter', 'caddyfile', '--validate']
      const { status, stderr } = spawnSync('caddy', args, { env: { HOME: folder.path }, encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')])
    }
  })
})
