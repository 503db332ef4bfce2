/**
 * A limit on attempts where those that succeed make room again: an attempt that finds no room waits until those under way end,
 * rather than being refused before their outcome is known.
 */
export interface Room {
  /**
   * Runs `tryToEnter`, which returns undefined once it has entered, and otherwise why not: again each time that somebody
   * leaves, and for the last time when nobody is in. Returns what it returned last.
   */
  enter<R>(key: string, tryToEnter: () => Promise<R | undefined>): Promise<R | undefined>
  leave(key: string): void
}

interface Crowd {
  inside: number
  readonly waiting: (() => void)[]
}

/** At most so many wait under a key. */
export function room(maxWaiting: number): Room {
  const crowds = new Map<string, Crowd>()

  return {
    async enter(key, tryToEnter) {
      for (;;) {
        const refusal = await tryToEnter()
        const crowd = crowds.get(key)
        if (refusal === undefined) return void comeIn(key, crowd)
        if (crowd === undefined || crowd.waiting.length >= maxWaiting) return refusal
        await new Promise<void>((resolve) => crowd.waiting.push(resolve))
      }
    },

    leave(key) {
      const crowd = crowds.get(key)
      if (crowd === undefined) return
      crowd.inside--
      if (crowd.inside === 0) crowds.delete(key)
      const woken = crowd.inside === 0 ? crowd.waiting.length : 1
      for (const resume of crowd.waiting.splice(0, woken)) resume()
    },
  }

  function comeIn(key: string, crowd: Crowd = { inside: 0, waiting: [] }): void {
    crowd.inside++
    crowds.set(key, crowd)
  }
}
