import { Overloaded } from '../http/problems.ts'

const tries = 3

/**
 * Runs `attempt` until it returns a result; undefined means that another change to the account came first, and that what
 * holds now decides. Throws Overloaded after three tries.
 */
export async function retryChanged<R>(attempt: () => Promise<R | undefined>): Promise<R> {
  for (let left = tries; left > 0; left--) {
    const result = await attempt()
    if (result !== undefined) return result
  }
  throw new Overloaded({ detail: 'The account is being changed by other requests. Try again.' })
}
