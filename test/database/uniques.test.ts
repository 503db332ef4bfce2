import { getTableName } from 'drizzle-orm'
import { expect } from 'vitest'
import { UniqueViolation } from '../../src/database/database.ts'
import { declareUnique, type Refusal, refusalOf, refusalOfConstraint } from '../../src/database/uniques.ts'
import { Problem, type ProblemClass } from '../../src/http/problems.ts'
import { test } from '../support/app.ts'
import { dialect } from '../support/database.ts'
import { openApi } from '../support/openapi.ts'
import { execute } from '../support/sql.ts'

const catalog = {
  sqlite: `select t.name as on_table, i.name from sqlite_master t, pragma_index_list(t.name) i
    where t.type = 'table' and i."unique" = 1 and i.origin <> 'pk'`,
  postgresql: `select t.relname as on_table, i.relname as name from pg_index x
    join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
    where x.indisunique and not x.indisprimary`,
  mysql: `select distinct table_name as on_table, index_name as name from information_schema.statistics
    where table_schema = database() and non_unique = 0 and index_name <> 'PRIMARY'`,
}[dialect]

test('every unique constraint names its problem, or says that its values are random', async ({ databaseUrl, db }) => {
  const tables = new Set<string>(Object.values(db.tables).map((table) => getTableName(table)))
  const indexes = (await execute(databaseUrl, catalog)) as { on_table: string; name: string }[]

  const names = indexes.filter(({ on_table }) => tables.has(on_table)).map(({ name }) => name)

  expect(names).toContain('users_email_key')
  expect(names.filter((name) => !isAnswered(refusalOfConstraint(name)))).toEqual([])
})

const isAnswered = (refusal: Refusal | undefined) => refusal === 'random' || refusal?.prototype instanceof Problem

test('the problem of every unique constraint is documented where it can be met', async ({ app, databaseUrl }) => {
  const { operations } = openApi(app)
  const indexes = await execute(databaseUrl, catalog)
  const refusals = indexes.map(({ name }) => refusalOfConstraint(name as string))
  const codes = refusals.filter((refusal) => typeof refusal === 'function').map((refusal) => kindOf(refusal).code)

  const documented = operations.flatMap(({ responses }) =>
    Object.keys(responses[409]?.content?.['application/problem+json']?.examples ?? {}),
  )

  expect(codes).toContain('EMAIL_TAKEN')
  expect(documented).toEqual(expect.arrayContaining(codes))
})

const kindOf = (refusal: unknown) => (refusal as ProblemClass).kind

test('a violated constraint is answered with its problem', async ({ as, anyone }) => {
  const { user, email, password } = as('ann')
  await user

  const reply = await anyone.post('/auth/register', { email, password })

  expect([reply.statusCode, reply.json().code]).toEqual([409, 'EMAIL_TAKEN'])
})

test('a violated constraint of random values is a fault', () => {
  const violation = new UniqueViolation('sessions_family_hash_key')

  expect(refusalOf(violation)).toBe(violation)
})

test('two unique constraints cannot have one name', ({ db }) => {
  const { users } = db.tables

  expect(() => declareUnique('users_email_key', [users.email], 'random')).toThrow('two unique constraints are named')
})
