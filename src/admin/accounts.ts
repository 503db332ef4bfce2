import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Argument, type Command, InvalidArgumentError } from 'commander'
import { pino } from 'pino'
import { lastLogins } from '../audit/store.ts'
import { activateAccount, createAccount, deactivateAccount } from '../auth/store.ts'
import { maxPasswordLength } from '../credentials/schemas.ts'
import { replacePassword } from '../credentials/store.ts'
import type { Database } from '../database/database.ts'
import type { Client } from '../http/client.ts'
import { endAllSessions } from '../sessions/store.ts'
import { askPassword, readPassword } from '../terminal.ts'
import { lookUpUserByEmail, usersAfter } from '../users/store.ts'
import type { UserRow } from '../users/table.ts'
import { normalizeEmail, spellingsOf } from '../values/emails.ts'
import { formatTime } from '../values/times.ts'
import { onDatabase, say } from './on-database.ts'

/** Who acts, in the accounts' activity. The database keeps the events; they are not logged here. */
const client: Client = { address: 'command line', userAgent: null, log: pino({ level: 'silent' }) }

const email = () => new Argument('<email>').argParser(emailOf)
const passwordStdin = ['--password-stdin', 'read the password from standard input instead of asking for it'] as const

/** The commands that manage accounts. */
export function addAccountCommands(program: Command): void {
  program
    .command('create-user')
    .addArgument(email())
    .description('create an account, even where REGISTRATION is closed')
    .option(...passwordStdin)
    .action((email: string, options: PasswordOptions) =>
      onDatabase(async (db, config) => {
        const user = await createAccount(
          db,
          normalizeEmail(email) as string,
          await passwordFrom(options),
          config,
          client,
        )
        say(`created ${user.email}, id ${user.id}`)
      }),
    )

  program
    .command('deactivate')
    .addArgument(email())
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
    .addArgument(email())
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
    .addArgument(email())
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
    .addArgument(email())
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
}

function emailOf(text: string): string {
  const [email] = spellingsOf(text)
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
