import { closeSync, openSync, type Stats, statfsSync, statSync } from 'node:fs'
import { DatabaseFull, DatabaseUnavailable } from '../database.ts'

/** What is answered between two looks at a file that was deleted is lost: a look takes 20 µs, a commit 135. */
const lookMs = 100
/** Nor may more than this be inserted between two looks, in characters: a burst would use up what is reserved. */
const lookLength = 16_384
/** The room that is left to deleting and to checkpoints, which need some before they free any; less on a tiny disk. */
const reservedBytes = 8 * 1024 * 1024
const reservedShare = 1 / 8

/** Creates the file for its owner alone; SQLite gives the files beside it the same rights. */
export function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Watches an open database file: whether it is still at its path, and whether its disk has room. */
export function watchFile(file: string) {
  const opened = statOf(file)
  let lookedAt = Number.NEGATIVE_INFINITY
  let isThere = true
  let isNearlyFull = false
  let inserted = 0

  function look() {
    const now = statOf(file)
    isThere = now?.ino === opened?.ino && now?.dev === opened?.dev
    isNearlyFull = isThere && hasNoRoom(file)
    lookedAt = performance.now()
    inserted = 0
  }

  function lookAgain() {
    if (opened === undefined) return
    if (inserted > lookLength || performance.now() - lookedAt > lookMs) look()
  }

  return {
    /** Throws DatabaseUnavailable when the path names another file now, or none: what is written would be lost. */
    checkPlace(): void {
      lookAgain()
      if (!isThere) throw new DatabaseUnavailable('the database file was moved, deleted or replaced')
    },
    /** For what is to be inserted. Throws DatabaseFull when only the reserved room is left. */
    checkRoom(parameters: readonly unknown[] = []): void {
      for (const value of parameters) if (typeof value === 'string') inserted += value.length
      lookAgain()
      if (isNearlyFull) throw new DatabaseFull('the disk is nearly full')
    },
    /** Forgets what it saw last. */
    refresh(): void {
      lookedAt = Number.NEGATIVE_INFINITY
    },
  }
}

export type Watch = ReturnType<typeof watchFile>

/** Undefined for a database in memory, too. */
const statOf = (file: string): Stats | undefined =>
  file === ':memory:' ? undefined : statSync(file, { throwIfNoEntry: false })

function hasNoRoom(file: string): boolean {
  const disk = diskOf(file)
  return disk !== undefined && disk.freeBytes < Math.min(reservedBytes, disk.bytes * reservedShare)
}

/**
 * How many pages the log may have before it is copied to the main file: SQLite's 1000, fewer on a tiny disk. Copying
 * takes as much room again, which must be less than what is reserved.
 */
export function logPages(file: string): number {
  const disk = diskOf(file)
  return disk === undefined ? 1_000 : Math.max(16, Math.min(1_000, Math.floor(disk.bytes / 4_096 / 32)))
}

/** Undefined for a database in memory, and for a file system that does not say. */
function diskOf(file: string): { bytes: number; freeBytes: number } | undefined {
  if (file === ':memory:') return undefined
  try {
    const { bavail, blocks, bsize } = statfsSync(file)
    return blocks > 0 ? { bytes: blocks * bsize, freeBytes: bavail * bsize } : undefined
  } catch {
    return undefined
  }
}
