import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { type Client, lastLogins } from './audit/store.ts'
import { activateAccount, deactivateAccount, replacePassword } from './auth/administration.ts'
import { normalizeEmail } from './auth/emails.ts'
import { maxPasswordLength } from './auth/schemas.ts'
import { createAccount } from './auth/store.ts'
import { type Config, loadConfig } from './config.ts'
import { connect } from './database/connect.ts'
import { type Database, DatabaseUnavailable } from './database/database.ts'
import { parseDatabaseUrl } from './database/url.ts'
import { endAllSessions } from './sessions/store.ts'
import { askPassword, readPassword } from './terminal.ts'
import { formatTime } from './times.ts'
import { lookUpUserByEmail, type UserRow, usersAfter } from './users/store.ts'

/** What the accounts' activity shows; the events are kept in the database, and not logged here. */
const client: Client = { address: 'command line', userAgent: null, log: pino({ level: 'silent' }) }

const program = new Command('npm run admin --')
  .description('Manages the accounts of DATABASE_URL, beside a running server or without one.')
  .exitOverride()
  .helpCommand(false)

const email = new Argument('<email>').argParser(emailOf)
const passwordStdin = ['--password-stdin', 'read the password from standard input instead of asking for it'] as const

program
  .command('create-user')
  .addArgument(email)
  .description('create an account, even where REGISTRATION is closed')
  .option(...passwordStdin)
  .action((email: string, options: PasswordOptions) =>
    onDatabase(async (db, config) => {
      const user = await createAccount(db, email, await passwordFrom(options), config, client)
      say(`created ${user.email}, id ${user.id}`)
    }),
  )

program
  .command('deactivate')
  .addArgument(email)
  .description('end its sessions and refuse its logins and tokens, from the next request on')
  .action((email: string) =>
    onDatabase(async (db) => {
      const { id } = await findUser(db, email)
      const isChanged = await deactivateAccount(db, id, client)
      say(isChanged ? `deactivated ${email}` : `${email} is inactive already`)
    }),
  )

program
  .command('activate')
  .addArgument(email)
  .description('let it log in again; its personal access tokens work again')
  .action((email: string) =>
    onDatabase(async (db) => {
      const { id } = await findUser(db, email)
      const isChanged = await activateAccount(db, id, client)
      say(isChanged ? `activated ${email}` : `${email} is active already`)
    }),
  )

program
  .command('reset-password')
  .addArgument(email)
  .description('give it another password, end its sessions and revoke its personal access tokens')
  .option(...passwordStdin)
  .action((email: string, options: PasswordOptions) =>
    onDatabase(async (db, config) => {
      const user = await findUser(db, email)
      await replacePassword(db, user, await passwordFrom(options), config, client)
      say(`changed the password of ${user.email}; its sessions and personal access tokens have ended`)
    }),
  )

program
  .command('revoke-sessions')
  .addArgument(email)
  .description('log it out everywhere; personal access tokens stay')
  .action((email: string) =>
    onDatabase(async (db) => {
      const { id } = await findUser(db, email)
      await endAllSessions(db, id, client)
      say(`ended the sessions of ${email}`)
    }),
  )

program
  .command('list-users')
  .description('every account, oldest first: id, email, active, created, last login; separated by tabs')
  .action(() => onDatabase((db) => pipeline(Readable.from(userLines(db)), process.stdout, { end: false })))

try {
  if (existsSync('.env')) process.loadEnvFile()
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

/** 2 when the command is wrong, of which commander has told; 1 when it failed. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0 // who read the list has seen enough
  const { message } = error as Error
  const line = error instanceof DatabaseUnavailable ? `the database cannot be used now: ${message}` : message
  process.stderr.write(`admin: ${line}\n`)
  return 1
}

async function onDatabase(work: (db: Database, config: Config) => Promise<void>): Promise<void> {
  // These commands sign nothing: no key is needed.
  const config = loadConfig({ ...process.env, SECRET_KEY: randomBytes(32).toString('hex') })
  const { dialect, location } = parseDatabaseUrl(config.databaseUrl)
  if (dialect === 'sqlite' && !existsSync(location)) {
    throw new Error(`there is no database at ${location}: set DATABASE_URL, or make it by npm run db:migrate`)
  }
  const db = await connect(config.databaseUrl)
  try {
    const pending = await db.pendingMigrations()
    if (pending.length > 0) throw new Error(`migrations are pending: ${pending.join(', ')}; run npm run db:migrate`)
    await work(db, config)
  } finally {
    await db.close()
  }
}

function emailOf(text: string): string {
  const email = normalizeEmail(text)
  if (email === undefined) throw new InvalidArgumentError('It is no email address.')
  return email
}

async function findUser(db: Database, email: string): Promise<UserRow> {
  const user = await lookUpUserByEmail(db, email)
  if (user === undefined) throw new Error(`no account has the email ${email}`)
  return user
}

interface PasswordOptions {
  passwordStdin?: true
}

async function passwordFrom({ passwordStdin }: PasswordOptions): Promise<string> {
  const password = await (passwordStdin ? readPassword() : askPassword())
  if ([...password].length > maxPasswordLength) {
    throw new Error(`password must have at most ${maxPasswordLength} characters`)
  }
  if (password.includes('\0')) throw new Error('password must not contain U+0000')
  return password
}

async function* userLines(db: Database): AsyncGenerator<string> {
  yield 'id\temail\tactive\tcreated\tlast login\n'
  for (let page = await usersAfter(db, 0); page.length > 0; ) {
    const [first, last] = [page[0]!.id, page.at(-1)!.id]
    const logins = await lastLogins(db, first, last)
    yield page.map((user) => userLine(user, logins.get(user.id))).join('')
    page = await usersAfter(db, last)
  }
}

function userLine({ id, email, isActive, createdAt }: UserRow, lastLoginAt: number | undefined): string {
  const lastLogin = lastLoginAt === undefined ? '-' : formatTime(lastLoginAt)
  return `${[id, email, isActive ? 'yes' : 'no', formatTime(createdAt), lastLogin].join('\t')}\n`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
