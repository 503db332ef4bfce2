import { existsSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addAccountCommands } from './admin/accounts.ts'
import { addBackupCommands } from './admin/backups.ts'
import { addCopyCommand } from './admin/copies.ts'
import { DatabaseUnavailable, UniqueViolation } from './database/database.ts'
import { refusalOf } from './database/uniques.ts'
import { version } from './version.ts'

const program = new Command('npm run admin --')
  .description('Manages the accounts and the backups of DATABASE_URL, with or without a running server.')
  .version(version, '--version', 'print the version')
  .exitOverride()
  .helpCommand(false)
  .showSuggestionAfterError(false) // a line of its own, where an error is one line

addAccountCommands(program)
addBackupCommands(program)
addCopyCommand(program)

try {
  if (existsSync('.env')) process.loadEnvFile()
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

/** 2 when the command is wrong, of which commander has told; 1 when it failed. */
function exitCodeOf(thrown: unknown): number {
  const error = thrown instanceof UniqueViolation ? refusalOf(thrown) : thrown
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0 // who read the list has seen enough
  const { message } = error as Error
  const line = error instanceof DatabaseUnavailable ? `the database cannot be used now: ${message}` : message
  process.stderr.write(`admin: ${line}\n`)
  return 1
}
