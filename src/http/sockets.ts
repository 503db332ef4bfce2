import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** The answer that a connection is waiting for or receiving. Only a private property of Node's HTTP server says so. */
export const answerOn = (socket: Socket): ServerResponse | undefined =>
  (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined

// The counts of the socket itself include what still waits in this process.
const handleOf = (socket: Socket) =>
  (socket as { _handle?: { bytesWritten: number; writeQueueSize: number } | null })._handle ?? undefined

/** Bytes that wait because the client does not read. */
export const unsentTo = (socket: Socket): number => handleOf(socket)?.writeQueueSize ?? 0

/** Bytes that the operating system has taken for the client. */
export const sentTo = (socket: Socket): number => {
  const { bytesWritten = 0, writeQueueSize = 0 } = handleOf(socket) ?? {}
  return bytesWritten - writeQueueSize
}
