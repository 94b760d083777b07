import type { Knex } from 'knex'
import { returnedAt } from '../database/turns.ts'
import type { Service, ServiceBody, ServiceItem } from './model.ts'

export type Known = Pick<
  Service,
  'id' | 'memberId' | 'contractId' | 'kind' | 'status' | 'authMethod' | 'secretHash' | 'jwks'
> & { version: number; hash: Buffer }

/** A service as its next onboarding meets it, held until the transaction ends; locked first, so that it is the newest. */
export async function known(db: Knex, clientId: string): Promise<Known | undefined> {
  await db('services').where({ client_id: clientId }).forUpdate().first('id')
  const { rows } = await db.raw<{ rows: Known[] }>(
    `select s.id, s.member_id as "memberId", s.contract_id as "contractId", s.kind, s.status,
       s.auth_method as "authMethod", s.secret_hash as "secretHash", s.jwks, v.version, v.body_hash as hash
     from services s
     join lateral (select version, body_hash from service_versions
       where service_id = s.id order by version desc limit 1) v on true
     where s.client_id = :clientId`,
    { clientId },
  )
  return rows[0]
}

type ClientRow = Pick<Service, 'contractId' | 'kind' | 'authMethod' | 'secretHash' | 'jwks'>

const clientColumns = (row: ClientRow) => ({
  contract_id: row.contractId,
  kind: row.kind,
  auth_method: row.authMethod,
  secret_hash: row.secretHash,
  jwks: row.jwks && JSON.stringify(row.jwks),
})

export async function insert(
  db: Knex,
  row: ClientRow & Pick<Service, 'id' | 'memberId' | 'clientId' | 'status'> & { at: Date },
): Promise<void> {
  await db('services').insert({
    ...clientColumns(row),
    id: row.id,
    member_id: row.memberId,
    client_id: row.clientId,
    status: row.status,
    created_at: row.at,
  })
}

export async function updateClient(db: Knex, id: string, row: ClientRow): Promise<void> {
  await db('services').where({ id }).update(clientColumns(row))
}

/** @param at where this ends a suspension, nothing issued before works again (S-51) */
export async function setStatus(
  db: Knex,
  id: string,
  status: Service['status'],
  at: Date,
): Promise<void> {
  await db('services')
    .where({ id })
    .update({ status, returned_at: returnedAt(db, at) })
}

/** The company and contract a service stands under from now on, and whether it is the consortium's own (S-58, S-59). */
export async function setOwner(
  db: Knex,
  id: string,
  { memberId, contractId, kind }: Pick<Service, 'memberId' | 'contractId' | 'kind'>,
): Promise<void> {
  await db('services').where({ id }).update({ member_id: memberId, contract_id: contractId, kind })
}

/**
 * Nothing its company ever proved itself with is worth anything any more; the way it does so stays.
 *
 * @param unknown hash of a secret that nobody has
 */
export async function disarm(db: Knex, id: string, unknown: Buffer): Promise<void> {
  await db.raw(
    `update services set secret_issued_at = null,
       secret_hash = case when auth_method = 'client_secret_basic' then :unknown::bytea end,
       jwks = case when auth_method = 'private_key_jwt' then '{"keys": []}'::jsonb end
     where id = :id`,
    { id, unknown },
  )
}

export async function insertStatusChange(
  db: Knex,
  row: { id: string; serviceId: string; status: string; reason: string | null; at: Date },
): Promise<void> {
  const { id, serviceId, status, reason, at } = row
  await db('service_status_changes').insert({ id, service_id: serviceId, status, reason, at })
}

export async function insertVersion(
  db: Knex,
  row: {
    id: string
    serviceId: string
    version: number
    body: ServiceBody
    items: ServiceItem[]
    hash: Buffer
    at: Date
  },
): Promise<void> {
  await db('service_versions').insert({
    id: row.id,
    service_id: row.serviceId,
    version: row.version,
    body: JSON.stringify(row.body),
    body_hash: row.hash,
    created_at: row.at,
  })
  await db('service_items').insert(
    row.items.map((item, position) => ({
      service_version_id: row.id,
      item: item.item,
      item_version: item.itemVersion,
      position,
      purposes: item.purposes,
      required: item.required,
      reasons: JSON.stringify(item.reasons),
      effects: JSON.stringify(item.effects),
      bounds: item.bounds ? JSON.stringify(item.bounds) : null,
      retention: item.retention ? JSON.stringify(item.retention) : null,
    })),
  )
}

/** The newest names of every service; a test side bears the name of its own. */
export async function names(db: Knex): Promise<{ id: string; names: ServiceBody['names'] }[]> {
  const { rows } = await db.raw<{ rows: { id: string; names: ServiceBody['names'] }[] }>(
    `select distinct on (service_id) service_id as id, body -> 'names' as names
     from service_versions v join services s on s.id = v.service_id and s.side = 'live'
     order by service_id, version desc`,
  )
  return rows
}
