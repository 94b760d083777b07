import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import { isUuid } from '../input/ids.ts'
import type { Both } from '../installation.ts'
import type { MemberBody, MemberOfList, MemberStatus } from './model.ts'

type Row = {
  id: string
  corporate_number: string
  status: MemberStatus
  version_id: string
  version: number
  body: MemberBody
  /** A turn that counts already and is not written down yet. */
  turned_at: Date | null
  history: { status: MemberStatus; at: string }[] | null
}

const select = `
  select m.id, m.corporate_number, ${statusAt('m', ':at::timestamptz')} as status,
    case when m.turns_at <= :at then m.turns_at end as turned_at, v.id as version_id, v.version, v.body,
    (select jsonb_agg(jsonb_build_object('status', c.status, 'at', c.at) order by c.at, c.id)
      from member_status_changes c where c.member_id = m.id and c.at <= :at) as history
  from members m
  join lateral (select id, version, body from member_versions
    where member_id = m.id order by version desc limit 1) v on true`

/** Every member with its newest version and its history, oldest member first: the list of S-18. */
export async function list(db: Knex, at: Date): Promise<MemberOfList[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${select} order by m.created_at, m.corporate_number`,
    { at },
  )
  return rows.map(fromRow)
}

export async function byId(db: Knex, id: string, at: Date): Promise<MemberOfList | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} where m.id = :id`, { id, at })
  return rows[0] && fromRow(rows[0])
}

function fromRow(row: Row): MemberOfList {
  const history = (row.history ?? []).map(({ status, at }) => ({ status, at: new Date(at) }))
  if (row.turned_at) history.push({ status: row.status, at: row.turned_at })
  return {
    member: {
      ...row.body,
      id: row.id,
      corporateNumber: row.corporate_number,
      status: row.status,
      versionId: row.version_id,
      version: row.version,
    },
    history,
  }
}

/** The newest names of every service with its company, for the look-alike check (F7). */
export async function serviceNames(
  db: Knex,
): Promise<{ memberId: string; ja: string; en: string }[]> {
  const { rows } = await db.raw<{ rows: { memberId: string; ja: string; en: string }[] }>(
    `select s.member_id as "memberId", v.body -> 'names' ->> 'ja' as ja, v.body -> 'names' ->> 'en' as en
     from services s
     join lateral (select body from service_versions
       where service_id = s.id order by version desc limit 1) v on true`,
  )
  return rows
}

/** Whether a number stands on the public list, whatever became of the company. */
export async function isListed(db: Knex, corporateNumber: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select 1 from members m join member_status_changes c on c.member_id = m.id and c.status = 'active'
     where m.corporate_number = :corporateNumber limit 1`,
    { corporateNumber },
  )
  return rows.length > 0
}

/** Whether another application under way names the same number. */
export async function isAskedTwice(
  db: Knex,
  corporateNumber: string,
  except: string,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `select 1 from proposals p
     join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
     where p.kind = 'member' and p.id <> :except and p.state in ('submitted', 'returned', 'proposed')
       and r.body -> 'application' ->> 'corporateNumber' = :corporateNumber limit 1`,
    { corporateNumber, except },
  )
  return rows.length > 0
}

/** A version under another name, and the name before it. */
export type Renaming = { memberId: string; versionId: string; before: Both; after: Both }

export async function renaming(
  db: Knex,
  memberId: string,
  version: number,
): Promise<Renaming | undefined> {
  const { rows } = await db.raw<{ rows: Renaming[] }>(
    `select v.member_id as "memberId", v.id as "versionId", b.body -> 'names' as before, v.body -> 'names' as after
     from member_versions v
     join member_versions b on b.member_id = v.member_id and b.version = v.version - 1
     where v.member_id = :memberId and v.version = :version`,
    { memberId, version },
  )
  return rows[0]
}

export type Untold = { residentId: string; services: Both[] }

/** Residents with a consent in force to a service of the company who were not told of this version, with the services. */
export async function untold(
  db: Knex,
  { memberId, versionId }: Renaming,
  at: Date,
  limit: number,
): Promise<Untold[]> {
  const { rows } = await db.raw<{ rows: Untold[] }>(
    `select a.resident_id as "residentId", jsonb_agg(v.body -> 'names' order by s.created_at, s.id) as services
     from services s
     join agreements a on a.service_id = s.id and a.ended_at is null
     join lateral (select ends_at, member_id from consents c
       where c.agreement_id = a.id order by c.version desc limit 1) c on c.ends_at > :at and c.member_id = :memberId
     join lateral (select body from service_versions
       where service_id = s.id order by version desc limit 1) v on true
     where s.member_id = :memberId and not exists (
       select 1 from member_notices n where n.version_id = :versionId and n.resident_id = a.resident_id)
     group by a.resident_id
     order by a.resident_id
     limit :limit`,
    { memberId, versionId, at, limit },
  )
  return rows
}

/** A company by an id from outside, whatever it looks like. */
export async function oneById(db: Knex, id: string, at: Date): Promise<MemberOfList | undefined> {
  return isUuid(id) ? byId(db, id, at) : undefined
}

/** Approved companies for which nobody has drafted a contract. */
export async function withoutContract(db: Knex): Promise<{ id: string; name: string }[]> {
  const { rows } = await db.raw<{ rows: { id: string; name: string }[] }>(
    `select m.id, v.body -> 'names' ->> 'ja' as name from members m
     join lateral (select body from member_versions
       where member_id = m.id order by version desc limit 1) v on true
     where m.status = 'approved'
       and not exists (select 1 from contracts c where c.member_id = m.id)
       and not exists (select 1 from proposals p where p.kind = 'contract' and p.member_id = m.id
         and p.state in ('draft', 'submitted', 'returned', 'proposed'))
     order by m.created_at`,
  )
  return rows
}
