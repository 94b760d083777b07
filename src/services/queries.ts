import type { Knex } from 'knex'
import { isItemId } from '../catalogue/model.ts'
import type { Flow } from '../contracts/model.ts'
import { isUuid } from '../input/ids.ts'
import { named, type Statement } from '../database/named.ts'
import { statusAt } from '../database/turns.ts'
import type { MemberBody, MemberNow } from '../members/model.ts'
import type { Both } from '../installation.ts'
import type { Bounds, Service, ServiceBody, ServiceItem, ServiceNow } from './model.ts'

/** @param at SQL of the moment at which statuses count */
const columns = (at: string) => `
  select s.id, s.member_id, s.contract_id, s.client_id, s.kind, ${statusAt('s', at)} as status, s.auth_method, s.secret_hash, s.jwks, s.side,
    sv.id as version_id, sv.version, sv.body,
    (select coalesce(jsonb_agg(jsonb_build_object('item', i.item, 'itemVersion', i.item_version,
        'purposes', i.purposes, 'required', i.required, 'reasons', i.reasons, 'effects', i.effects, 'bounds', i.bounds,
        'retention', i.retention)
        order by i.position), '[]')
      from service_items i where i.service_version_id = sv.id) as items,
    m.id as company_id, m.corporate_number, ${statusAt('m', at)} as member_status, greatest(s.returned_at, m.returned_at) as returned_at,
    mv.id as member_version_id, mv.version as member_version, mv.body as member_body,
    c.number, cv.id as contract_version_id, cv.version as contract_version, cv.starts_at, cv.ends_at,
    cv.subject_type, cv.offline_access, cv.body ->> 'template' as consent_text,
    (select coalesce(jsonb_agg(jsonb_build_object('giver', f.giver, 'receiver', f.receiver, 'items', f.items,
        'dataset', f.dataset, 'purposes', f.purposes, 'delivery', f.delivery, 'startsAt', f.starts_at,
        'endsAt', f.ends_at, 'consideration', f.consideration) order by f.position), '[]')
      from contract_flows f where f.contract_version_id = cv.id) as flows`

/**
 * One service with everything that decides about it: newest version of itself and of its member, and the
 * contract version whose turn it is: the newest that has begun at $1 (an earlier one never comes back), else
 * the first that is going to.
 */
const select = `${columns('$1')}
  from services s
  join lateral (select v.id, v.version, v.body from service_versions v
    where v.service_id = s.id order by v.version desc limit 1) sv on true
  join members m on m.id = s.member_id
  join lateral (select v.id, v.version, v.body from member_versions v
    where v.member_id = m.id order by v.version desc limit 1) mv on true
  join contracts c on c.id = s.contract_id
  join lateral (select v.* from contract_versions v where v.contract_id = c.id
    order by (v.starts_at <= $1) desc, case when v.starts_at <= $1 then v.version end desc nulls last,
      v.starts_at, v.version desc
    limit 1) cv on true`

const byClientIdStatement: Statement = {
  name: 'service_by_client_id',
  text: `${select} where s.client_id = $2`,
}
const byIdStatement: Statement = { name: 'service_by_id', text: `${select} where s.id = $2` }
const listStatement: Statement = {
  name: 'services_list',
  text: `${select} where s.side = 'live'
    order by m.created_at, m.corporate_number, s.created_at, s.client_id`,
}

const listOfStatement: Statement = {
  name: 'services_list_of',
  text: `${select} where s.side = 'live' and (s.member_id = $2 or s.id = any ($3::uuid[]))
    order by s.created_at, s.client_id`,
}

/** The versions a consent or showing names, whatever is the newest now. */
const atVersionsStatement: Statement = {
  name: 'service_at_versions',
  text: `${columns('$4::timestamptz')}
    from service_versions sv
    join services s on s.id = sv.service_id
    join member_versions mv on mv.id = $2
    join members m on m.id = mv.member_id
    join contract_versions cv on cv.id = $3
    join contracts c on c.id = cv.contract_id
    where sv.id = $1`,
}

type Row = {
  id: string
  member_id: string
  contract_id: string
  client_id: string
  kind: Service['kind']
  status: Service['status']
  auth_method: Service['authMethod']
  secret_hash: Buffer | null
  jwks: Service['jwks']
  side: 'live' | 'test'
  version_id: string
  version: number
  body: ServiceBody
  items: (Omit<ServiceItem, 'item' | 'bounds' | 'retention'> & {
    item: string
    bounds: Bounds | null
    retention: Both | null
  })[]
  /** Of `member`: another than the service's own where versions of a former day are read (S-59). */
  company_id: string
  corporate_number: string
  returned_at: Date | null
  member_status: MemberNow['status']
  member_version_id: string
  member_version: number
  member_body: MemberBody
  number: string
  contract_version_id: string
  contract_version: number
  starts_at: Date
  ends_at: Date
  subject_type: 'public' | 'pairwise'
  offline_access: boolean
  consent_text: string | null
  flows: (Omit<Flow, 'startsAt' | 'endsAt'> & { startsAt: string; endsAt: string })[]
}

export async function byClientId(
  db: Knex,
  clientId: string,
  at: Date,
): Promise<ServiceNow | undefined> {
  if (clientId.includes('\0')) return undefined
  const { rows } = await named<Row>(db, byClientIdStatement, [at, clientId])
  return rows[0] && fromRow(rows[0])
}

export async function byId(db: Knex, id: string, at: Date): Promise<ServiceNow | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await named<Row>(db, byIdStatement, [at, id])
  return rows[0] && fromRow(rows[0])
}

export type VersionIds = {
  serviceVersionId: string
  memberVersionId: string
  contractVersionId: string
}

/** A service as it stood in these versions; status and client are today's. */
export async function atVersions(
  db: Knex,
  ids: VersionIds,
  at: Date,
): Promise<ServiceNow | undefined> {
  const values = [ids.serviceVersionId, ids.memberVersionId, ids.contractVersionId, at]
  const { rows } = await named<Row>(db, atVersionsStatement, values)
  return rows[0] && fromRow(rows[0])
}

/** All services of whatever status, test sides left out, by member and in order of their beginning. */
export async function list(db: Knex, at: Date): Promise<ServiceNow[]> {
  const { rows } = await named<Row>(db, listStatement, [at])
  return rows.map(fromRow)
}

/** The services of one company, and those of these ids whosever they are; as `list` otherwise. */
export async function listOf(
  db: Knex,
  { memberId, ids, at }: { memberId: string; ids: readonly string[]; at: Date },
): Promise<ServiceNow[]> {
  const { rows } = await named<Row>(db, listOfStatement, [at, memberId, ids])
  return rows.map(fromRow)
}

function fromRow(row: Row): ServiceNow {
  return {
    service: {
      id: row.id,
      memberId: row.member_id,
      contractId: row.contract_id,
      clientId: row.client_id,
      kind: row.kind,
      status: row.status,
      authMethod: row.auth_method,
      secretHash: row.secret_hash,
      jwks: row.jwks,
      side: row.side,
    },
    version: {
      ...row.body,
      id: row.version_id,
      version: row.version,
      items: row.items.map(itemFromRow),
    },
    member: {
      ...row.member_body,
      id: row.company_id,
      corporateNumber: row.corporate_number,
      status: row.member_status,
      versionId: row.member_version_id,
      version: row.member_version,
    },
    contract: contractFromRow(row),
    ...(row.returned_at && { returnedAt: row.returned_at }),
  }
}

function itemFromRow(row: Row['items'][number]): ServiceItem {
  if (!isItemId(row.item)) throw new Error(`a service asks for an unknown item: ${row.item}`)
  const { bounds, retention, ...rest } = row
  return {
    ...rest,
    item: row.item,
    ...(bounds && { bounds }),
    ...(retention && { retention }),
  }
}

function contractFromRow(row: Row): ServiceNow['contract'] {
  return {
    id: row.contract_version_id,
    contractId: row.contract_id,
    number: row.number,
    version: row.contract_version,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    subjectType: row.subject_type,
    offlineAccess: row.offline_access,
    ...(row.consent_text !== null && { template: row.consent_text }),
    flows: row.flows.map((flow) => ({
      ...flow,
      startsAt: new Date(flow.startsAt),
      endsAt: new Date(flow.endsAt),
    })),
  }
}

/** When each service last changed: its newest version or status. */
export async function changedAt(db: Knex): Promise<Map<string, Date>> {
  const { rows } = await db.raw<{ rows: { id: string; at: Date }[] }>(
    `select s.id, greatest((select max(v.created_at) from service_versions v where v.service_id = s.id),
       (select max(c.at) from service_status_changes c where c.service_id = s.id)) as at
     from services s`,
  )
  return new Map(rows.map(({ id, at }) => [id, at]))
}

/** How sensitive each item of the catalogue is, by its id. */
export async function sensitivities(db: Knex): Promise<Map<string, string>> {
  const { rows } = await db.raw<{ rows: { id: string; sensitivity: string }[] }>(
    `select distinct on (id) id, sensitivity from items order by id, version desc`,
  )
  return new Map(rows.map(({ id, sensitivity }) => [id, sensitivity]))
}
