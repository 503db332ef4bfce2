/** What is known of a list at a time. */
export interface Page<T> {
  readonly items: T[]
  /** Where the next page starts, if there is more. */
  readonly next: string | undefined
}

/** A page of rows that were asked for with one more than the limit, to know whether there is more. */
export function pageOf<T extends { id: number }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit)
  return { items, next: rows.length > limit ? String(items.at(-1)?.id) : undefined }
}

/** The `Link` to the next page (RFC 8288), if there is one. */
export const nextLink = (path: string, limit: number, next: string | undefined): Record<string, string> =>
  next === undefined ? {} : { link: `<${path}?limit=${limit}&cursor=${next}>; rel="next"` }
