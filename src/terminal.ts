import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** Asks twice, without showing what is typed. Throws when the two differ, or the question is cancelled. */
export async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) throw new Error('there is no terminal to ask for the password: use --password-stdin')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const cancel = new AbortController()
  lines.once('SIGINT', () => cancel.abort()).once('close', () => cancel.abort())

  const ask = async (question: string) => {
    process.stderr.write(question)
    try {
      return await lines.question('', { signal: cancel.signal })
    } catch {
      throw new Error('cancelled')
    } finally {
      process.stderr.write('\n')
    }
  }

  try {
    const password = await ask('Password: ')
    if ((await ask('Again: ')) !== password) throw new Error('the two passwords differ')
    return password
  } finally {
    lines.close()
  }
}

/** Standard input, less one line break at its end. */
export async function readPassword(): Promise<string> {
  const bytes = await buffer(process.stdin)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    throw new Error('the password is not valid UTF-8')
  }
}
