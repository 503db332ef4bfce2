export const maxNameLength = 60

/** By which two names are the same: compatibility forms and case are not told apart. */
export const nameKeyOf = (name: string): string => name.normalize('NFKC').toLowerCase()

/** A name that grows when it is folded may be too long for its key: U+FDFA alone becomes eighteen characters. */
export const isTooLong = (name: string): boolean => [...nameKeyOf(name)].length > maxNameLength
