import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** An answer as it came over the wire. */
export interface Answer {
  status: number
  headers: Map<string, string>
  body: string
}

/**
 * Sends bytes over a socket of its own, as no HTTP client would, and reads until the server closes it.
 * `parts` are written one after the other, `pauseMs` apart, for as long as the server listens.
 */
export async function exchange(port: number, parts: string | Iterable<string>, pauseMs = 0): Promise<Answer[]> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {}) // a reset is an end, too
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  for (const part of typeof parts === 'string' ? [parts] : parts) {
    if (!socket.writable) break
    socket.write(part, 'latin1')
    await sleep(pauseMs)
  }
  await closed
  return answersIn(Buffer.concat(chunks))
}

function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', start)
    const [statusLine = '', ...lines] = bytes.toString('latin1', start, end).split('\r\n')
    const headers = new Map(lines.map((line) => [line.split(':', 1)[0]!.toLowerCase(), line.replace(/^[^:]*: */, '')]))
    start = end + 4 + Number(headers.get('content-length') ?? 0)
    const body = bytes.toString('utf8', end + 4, start)
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body })
  }
  return answers
}
