/** Contracts for reading: each with its versions, its company, and who is touched when it changes. */
import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { Both } from '../installation.ts'
import type { MemberStatus } from '../members/model.ts'
import type { Contract, ContractTerms, ContractVersion, Flow } from './model.ts'

type Row = {
  id: string
  number: string
  member_id: string
  member_status: MemberStatus
  member_names: Both
  versions: (Omit<ContractVersion, 'startsAt' | 'endsAt' | 'flows' | 'contractId' | 'number'> & {
    startsAt: string
    endsAt: string
    createdAt: string
    hash: string
    terms: Partial<ContractTerms>
    flows: (Omit<Flow, 'startsAt' | 'endsAt'> & { startsAt: string; endsAt: string })[]
  })[]
}

const select = `
  select c.id, c.number, c.member_id, m.status as member_status, mv.names as member_names,
    (select jsonb_agg(jsonb_build_object('id', v.id, 'version', v.version, 'startsAt', v.starts_at,
        'endsAt', v.ends_at, 'subjectType', v.subject_type, 'offlineAccess', v.offline_access, 'terms', v.body,
        'createdAt', v.created_at, 'hash', encode(v.body_hash, 'hex'),
        'flows', (select coalesce(jsonb_agg(jsonb_build_object('giver', f.giver, 'receiver', f.receiver,
            'items', f.items, 'dataset', f.dataset, 'purposes', f.purposes, 'delivery', f.delivery,
            'startsAt', f.starts_at, 'endsAt', f.ends_at, 'consideration', f.consideration)
            order by f.position), '[]')
          from contract_flows f where f.contract_version_id = v.id)) order by v.version)
      from contract_versions v where v.contract_id = c.id) as versions
  from contracts c
  join members m on m.id = c.member_id
  join lateral (select body -> 'names' as names from member_versions
    where member_id = m.id order by version desc limit 1) mv on true`

function fromRow(row: Row): Contract {
  return {
    id: row.id,
    number: row.number,
    memberId: row.member_id,
    memberStatus: row.member_status,
    memberNames: row.member_names,
    versions: row.versions.map((version) => ({
      ...version,
      contractId: row.id,
      number: row.number,
      startsAt: new Date(version.startsAt),
      endsAt: new Date(version.endsAt),
      createdAt: new Date(version.createdAt),
      flows: version.flows.map((flow) => ({
        ...flow,
        startsAt: new Date(flow.startsAt),
        endsAt: new Date(flow.endsAt),
      })),
    })),
  }
}

/** Contracts in the order of their numbers; of one company where one is named. */
export async function list(db: Knex, memberId: string | null = null): Promise<Contract[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${select} where (:memberId::uuid is null or c.member_id = :memberId)
     and exists (select from contract_versions v where v.contract_id = c.id) order by c.number`,
    { memberId },
  )
  return rows.map(fromRow)
}

export async function byId(db: Knex, id: string): Promise<Contract | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} where c.id = :id`, { id })
  return rows[0] && fromRow(rows[0])
}

/** A service that stands on a contract, with what its newest version asks for and how many residents it reaches. */
export type Standing = {
  id: string
  names: Both
  status: string
  items: { item: string; purposes: string[] }[]
  /** Residents with a consent in force. */
  residents: number
}

/** The services on a contract, those that ended left out. */
export async function services(db: Knex, contractId: string, at: Date): Promise<Standing[]> {
  const { rows } = await db.raw<{ rows: Standing[] }>(
    `select s.id, v.body -> 'names' as names, s.status,
       (select coalesce(jsonb_agg(jsonb_build_object('item', i.item, 'purposes', i.purposes) order by i.position), '[]')
         from service_items i where i.service_version_id = v.id) as items,
       (select count(*)::int from agreements a
         join lateral (select ends_at from consents where agreement_id = a.id order by version desc limit 1) c on true
         where a.service_id = s.id and a.ended_at is null and c.ends_at > :at) as residents
     from services s
     join lateral (select id, body from service_versions
       where service_id = s.id order by version desc limit 1) v on true
     where s.contract_id = :contractId and s.status <> 'ended'
     order by s.created_at, s.client_id`,
    { contractId, at },
  )
  return rows
}

/** How many different residents have a consent in force for any service, or for those on these contracts. */
export async function residentsInForce(
  db: Knex,
  at: Date,
  contractIds: readonly string[] | null = null,
): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select count(distinct a.resident_id)::int as n from agreements a
     join services s on s.id = a.service_id
     join lateral (select ends_at from consents where agreement_id = a.id order by version desc limit 1) c on true
     where a.ended_at is null and c.ends_at > :at
       and (:contractIds::uuid[] is null or s.contract_id = any(:contractIds))`,
    { at, contractIds: contractIds ? [...contractIds] : null },
  )
  return rows[0]?.n ?? 0
}

/** Members at a moment, from the history: those that had joined and had not left (S-18, S-39). */
export async function membersAt(db: Knex, at: Date): Promise<{ id: string; names: Both }[]> {
  const { rows } = await db.raw<{ rows: { id: string; names: Both }[] }>(
    `select m.id, mv.names from members m
     join lateral (select status from member_status_changes
       where member_id = m.id and at <= :at order by at desc, id desc limit 1) s on s.status in ('active', 'suspended')
     join lateral (select body -> 'names' as names from member_versions
       where member_id = m.id order by (created_at <= :at) desc, version desc limit 1) mv on true
     order by m.created_at, m.corporate_number`,
    { at },
  )
  return rows
}
