import type { Knex } from 'knex'
import type { Client } from './kept.ts'

/** The id of the test side of a service, held until the transaction ends. */
export async function held(
  db: Knex,
  serviceId: string,
  memberId: string,
): Promise<string | undefined> {
  const row = await db('services')
    .where({ test_of: serviceId, member_id: memberId })
    .forUpdate()
    .first<{ id: string } | undefined>('id')
  return row?.id
}

/** A test side that ended is nobody's place any more: another company may make one of its own. */
export async function release(db: Knex, id: string): Promise<void> {
  await db('services').where({ id }).update({ test_of: id })
}

export type TestRow = Client & {
  id: string
  memberId: string
  clientId: string
  testOf: string
  at: Date
}

export async function insert(db: Knex, row: TestRow): Promise<void> {
  await db('services').insert({
    id: row.id,
    member_id: row.memberId,
    contract_id: row.contractId,
    client_id: row.clientId,
    kind: row.kind,
    status: 'live',
    auth_method: row.authMethod,
    secret_hash: row.secretHash,
    jwks: row.jwks && JSON.stringify(row.jwks),
    created_at: row.at,
    side: 'test',
    test_of: row.testOf,
  })
}
