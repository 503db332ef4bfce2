/** What limits count: in this process (memory.ts), or for all instances together (redis.ts). */
export interface Counts {
  /** Counts one more under the key, in a window that begins with the first. */
  hit(key: string, windowMs: number): Promise<Count>
  /** Whether something was counted under the key, in a window that lasts still. */
  has(key: string): Promise<boolean>

  /**
   * Milliseconds to wait before the next try; 0 when it may be made. Beyond the free ones that try is the only one: those
   * who come meanwhile wait as if it had failed.
   */
  enter(key: string, backoff: Backoff): Promise<number>
  /** A try failed: beyond the free ones, the next has to wait, twice as long each time. */
  fail(key: string, backoff: Backoff): Promise<void>
  /** A try succeeded: failures start from none. */
  clear(key: string): Promise<void>
}

export interface Count {
  readonly current: number
  /** Milliseconds until the window ends. */
  readonly ttl: number
}

export interface Backoff {
  /** Failures before the first wait. */
  readonly free: number
  readonly firstMs: number
  readonly longestMs: number
  /** How long failures count after the latest. */
  readonly keptMs: number
}

export const waitMs = (failures: number, { free, firstMs, longestMs }: Backoff) =>
  failures < free ? 0 : Math.min(firstMs * 2 ** (failures - free), longestMs)
