import { write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Written in blocks of this size or after 100 ms: a line at a time would cost a fifth of a read. */
const blockLength = 8_192
const flushMs = 100

/** What may wait for a full disk or a reader that has stopped: some thousand lines. */
const maxWaitingLength = 1_000_000

/** A pipe takes no more for so long: its reader has stopped. */
const exitPatienceMs = 1_000

/**
 * Lines to a file descriptor, written in blocks. Where they cannot be written (a full disk, a reader that has stopped or
 * is gone), they wait; those beyond a megabyte are dropped, and `onResume` hears how many when there is room again.
 * Nothing here throws, and no request waits for it. (pino's own destination ends the process when the disk is full, and
 * repeats its last write for ever when the process ends.)
 */
export function lineWriter(fd: number, onResume: (dropped: number) => string) {
  let waiting = ''
  let block = Buffer.alloc(0) // what is being written: a write may take a part of it, in the middle of a line
  let isWriting = false
  let timer: NodeJS.Timeout | undefined
  let dropped = 0
  let retryMs = 1 // soon, since a pipe that is full has room again when its reader has run
  // Node makes a pipe non-blocking when it makes its stream. A blocking one would hold a thread, and the process's end.
  if (fd === 1 && !isatty(fd)) void process.stdout

  function add(line: string): void {
    if (waiting.length > maxWaitingLength) {
      dropped++
      return
    }
    waiting += line
    if (waiting.length >= blockLength && timer === undefined) flush()
    else later()
  }

  function later(ms = flushMs): void {
    if (!isWriting) timer ??= setTimeout(flush, ms).unref()
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (isWriting || !takeBlock()) return
    isWriting = true
    write(fd, block, (error, written) => {
      isWriting = false
      retryMs = error ? Math.min(retryMs * 2, flushMs) : 1
      if (!error) took(written)
      if (error) later(retryMs)
      else if (block.length > 0 || waiting.length >= blockLength) flush()
      else if (waiting !== '') later()
    })
  }

  /** Whether there is anything to write. */
  function takeBlock(): boolean {
    if (block.length === 0 && waiting !== '') {
      block = Buffer.from(waiting)
      waiting = ''
    }
    return block.length > 0
  }

  function took(written: number): void {
    block = block.subarray(written)
    if (block.length > 0 || dropped === 0) return
    waiting += onResume(dropped)
    dropped = 0
  }

  /** Writes what is left when the process ends, as far as it can be written. */
  function finish(): void {
    const end = Date.now() + exitPatienceMs
    if (isWriting) block = Buffer.alloc(0) // Node ends only after the thread that writes it has
    while (takeBlock()) {
      try {
        took(writeSync(fd, block))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || Date.now() > end) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      }
    }
  }

  return { add, finish }
}
