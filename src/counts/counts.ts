/** The counts of limits: in this process (memory.ts), or for all instances together (redis.ts). */
export interface Counts {
  /**
   * Counts one more under the key, or several, in a window that begins with the first. Counts in this process answer without a
   * promise: every request waits for this one.
   */
  hit(key: string, windowMs: number, times?: number): Count | Promise<Count>
  /** Takes one back, if the window lasts still. */
  unhit(key: string): Promise<Count>
  /** Whether something was counted under the key, in a window that lasts still. */
  has(key: string): Promise<boolean>

  /**
   * Milliseconds to wait before the next try; 0 when it may be made. That try counts as a failure from its beginning, so
   * that tries that are made at the same time count each other: beyond the free ones, the next has to wait, twice as long
   * each time.
   */
  enter(key: string, backoff: Backoff): Promise<number>
  /** The try was not made, or succeeded while the failures before it still count. */
  giveBack(key: string, backoff: Backoff): Promise<void>
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
