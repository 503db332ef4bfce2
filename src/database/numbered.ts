/** Writes that take the next number of their owner's feed, `tables.changeFeeds`. */
import { type Column, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { compile } from './compile.ts'
import { type Database, type Numbered, ReferenceViolation, type Row } from './database.ts'
import type { Connection, Driver, Result } from './driver.ts'
import { matching, names, parameter, placeholders } from './parameters.ts'
import { cache, type Statements } from './statements.ts'
import type { InTurn } from './turns.ts'
import { first } from './verbs.ts'

/** Takes the next number of a feed, and gives it back. */
export function numbering(driver: Driver) {
  const { changeFeeds } = driver.tables
  const next = sql`${changeFeeds.seq} + 1`
  const update = (seq: SQL) =>
    driver.builder
      .update(changeFeeds)
      .set({ seq })
      .where(matching(changeFeeds, { userId: 0 }))
  const bump = driver.hasReturning
    ? compile(update(next).returning({ seq: changeFeeds.seq as Column }))
    : compile(update(sql`last_insert_id(${next})`)) // comes back as the inserted id
  const giveBack = compile(update(sql`${changeFeeds.seq} - 1`))

  const numberOf = ({ rows, affected, insertedId }: Result): number => {
    const seq = driver.hasReturning ? rows[0]?.[0] : affected > 0 ? insertedId : undefined
    if (seq === undefined) throw new ReferenceViolation('change_feeds')
    return Number(seq)
  }

  return {
    /** Throws ReferenceViolation when the owner is gone. */
    take: async (on: Connection, userId: number) => numberOf(await on.execute(bump, bump.bind({ userId }))),
    bump,
    giveBack,
    numberOf,
  }
}

export type Numbering = ReturnType<typeof numbering>

/**
 * A plain insert costs a second statement in the same job on SQLite, none on PostgreSQL, where one statement does both,
 * and a transaction elsewhere.
 */
export function insertsNumbered(
  driver: Driver,
  statements: Statements,
  feeds: Numbering,
  outside: Connection,
  inTurn: InTurn,
  writing: Database['writing'],
): Pick<Database, 'insertNumbered'> {
  const { inOneJob, hasWritableWith } = driver
  if (inOneJob) return insertInOneJob(statements, feeds, inOneJob)
  if (hasWritableWith) return insertInOneStatement(driver, outside, inTurn)
  return {
    insertNumbered: (table, row) =>
      writing(row.userId, (tx, changeSeq) => tx.insert(table, { ...row, changeSeq } as never)),
  }
}

function insertInOneJob(
  statements: Statements,
  { bump, giveBack, numberOf }: Numbering,
  inOneJob: NonNullable<Driver['inOneJob']>,
): Pick<Database, 'insertNumbered'> {
  return {
    insertNumbered<T extends Numbered>(table: T, row: { userId: number }) {
      const statement = statements.insert(table, { ...row, changeSeq: 0 })
      return inOneJob((run) => {
        const changeSeq = numberOf(run(bump, bump.bind(row as never)))
        try {
          const { rows } = run(statement, statement.bind({ ...row, changeSeq }))
          return statement.decode(rows[0]!) as Row<T>
        } catch (error) {
          run(giveBack, giveBack.bind(row as never))
          throw error
        }
      })
    },
  }
}

function insertInOneStatement(driver: Driver, outside: Connection, inTurn: InTurn): Pick<Database, 'insertNumbered'> {
  const { builder, tables } = driver
  const { changeFeeds } = tables
  const once = cache()
  // Without a feed there is no owner either, which the foreign key says.
  const changeSeq = sql`coalesce((select seq from feed), 0)`

  const build = (table: Numbered, row: { userId: number }) => {
    const isOwners = eq(changeFeeds.userId, parameter(changeFeeds.userId, 'userId'))
    const bump = builder
      .update(changeFeeds)
      .set({ seq: sql`${changeFeeds.seq} + 1` })
      .where(isOwners)
    const feed = builder.$with('feed').as(bump.returning({ seq: changeFeeds.seq as Column }))
    const values = { ...placeholders(table, row), changeSeq }
    return compile(builder.with(feed).insert(table).values(values).returning(), getTableColumns(table))
  }

  return {
    async insertNumbered<T extends Numbered>(table: T, row: { userId: number }) {
      const statement = once(table, `insert ${names(row)}`, () => build(table, row))
      return (await inTurn(row.userId, () => first<Row<T>>(outside, statement, row)))!
    },
  }
}
