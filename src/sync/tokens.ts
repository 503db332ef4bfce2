import { SyncTokenExpired } from './problems.ts'

/** How far a copy has come. */
export interface Position {
  readonly epoch: number
  /** Everything up to this number is in the copy … */
  readonly seq: number
  /** … but of the number itself only what comes before this place, when a page ended inside of it. */
  readonly place?: { readonly kind: number; readonly id: number } | undefined
  /** The number at which the first pass began, while it lasts. */
  readonly base?: number | undefined
  /** Whether the first pass leaves out what is done. */
  readonly openOnly?: boolean | undefined
}

const format = /^1\.(\d{1,16})\.(\d{1,16})(?:\.(\d{1,2})-(\d{1,16}))?(?:\.(\d{1,16})([oa]))?$/

/** Opaque to clients, so that it can change. */
export function tokenOf({ epoch, seq, place, base, openOnly }: Position): string {
  const inside = place === undefined ? '' : `.${place.kind}-${place.id}`
  const pass = base === undefined ? '' : `.${base}${openOnly ? 'o' : 'a'}`
  return Buffer.from(`1.${epoch}.${seq}${inside}${pass}`).toString('base64url')
}

/** undefined for what is no token. */
export function positionIn(token: string): Position | undefined {
  const match = format.exec(Buffer.from(token, 'base64url').toString('latin1'))
  if (match === null) return undefined
  const [, epoch, seq, kind, id, base, pass] = match
  return {
    epoch: Number(epoch),
    seq: Number(seq),
    place: kind === undefined ? undefined : { kind: Number(kind), id: Number(id) },
    base: base === undefined ? undefined : Number(base),
    openOnly: pass === 'o',
  }
}

/** Whether a copy has everything that there is. */
export const isCurrent = (
  { epoch, seq, place, base }: Position,
  feed: { feedEpoch: number; feedSeq: number },
): boolean => place === undefined && base === undefined && epoch === feed.feedEpoch && seq === feed.feedSeq

/** Refuses a copy that cannot be brought up to date from where it is. Throws SyncTokenExpired. */
export function refuseExpired(position: Position, feed: { seq: number; epoch: number; prunedSeq: number }): void {
  const { epoch, seq, place, base } = position
  const whole = base ?? (place === undefined ? seq : seq - 1)
  if (epoch !== feed.epoch || whole > feed.seq || whole < feed.prunedSeq) throw new SyncTokenExpired()
}
