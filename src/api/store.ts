import type { Knex } from 'knex'
import { named, type Statement } from '../database/named.ts'
import { statusAt } from '../database/turns.ts'
import type { ApiClient } from './model.ts'

/** @param at SQL of the moment at which the company's status counts */
const select = (at: string) => `
  select a.id, a.member_id as "memberId", ${statusAt('m', at)} as "memberStatus", a.client_id as "clientId", a.name, a.jwks,
    a.scopes, a.dpop, a.created_by as "createdBy", a.created_at as "createdAt", a.ended_at as "endedAt",
    m.returned_at as "returnedAt"
  from api_clients a join members m on m.id = a.member_id`

const byClientIdStatement: Statement = {
  name: 'api_client_by_client_id',
  text: `${select('$2')} where a.client_id = $1`,
}

export async function byClientId(
  db: Knex,
  clientId: string,
  at: Date,
): Promise<ApiClient | undefined> {
  const { rows } = await named<ApiClient>(db, byClientIdStatement, [clientId, at])
  return rows[0]
}

/** Those of one company, newest first. */
export async function ofMember(db: Knex, memberId: string, at: Date): Promise<ApiClient[]> {
  const { rows } = await db.raw<{ rows: ApiClient[] }>(
    `${select(':at::timestamptz')} where a.member_id = :memberId order by a.created_at desc, a.id`,
    { memberId, at },
  )
  return rows
}

export async function insert(
  db: Knex,
  row: Omit<ApiClient, 'memberStatus' | 'endedAt' | 'returnedAt'>,
): Promise<void> {
  await db('api_clients').insert({
    id: row.id,
    member_id: row.memberId,
    client_id: row.clientId,
    name: row.name,
    jwks: JSON.stringify(row.jwks),
    scopes: row.scopes,
    dpop: row.dpop,
    created_by: row.createdBy,
    created_at: row.createdAt,
  })
}

/** @returns false where there is no such client of this company, or it has ended */
export async function end(
  db: Knex,
  asked: { id: string; memberId: string; by: string; at: Date },
): Promise<boolean> {
  const ended = await db('api_clients')
    .where({ id: asked.id, member_id: asked.memberId })
    .whereNull('ended_at')
    .update({ ended_at: asked.at, ended_by: asked.by })
  return ended === 1
}
