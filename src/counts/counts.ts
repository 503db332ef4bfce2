/** What limits count: in this process (memory.ts). */
export interface Counts {
  /** Counts one more under the key, in a window that begins with the first. */
  hit(key: string, windowMs: number): Promise<Count>
}

export interface Count {
  readonly current: number
  /** Milliseconds until the window ends. */
  readonly ttl: number
}
