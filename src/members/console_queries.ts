/** Reading for the console's and the portal's pages on companies. */
import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import { likeOf, type Listing } from '../http/listing.ts'
import type { MemberBody, MemberStatus } from './model.ts'

/** A line of the list of companies: members, and applications that are no member yet. */
export type ListedCompany = {
  id: string
  /** A member, or the proposal of an application. */
  what: 'member' | 'application'
  status: MemberStatus | 'closed'
  /** Of an application: where it stands. */
  state: string | null
  name: string
  corporateNumber: string
  at: Date
  staff: number
  services: number
}

const companies = `
  with companies as (
    select m.id, 'member' as what, ${statusAt('m', ':at::timestamptz')} as status, null as state, v.body -> 'names' ->> 'ja' as name,
      v.body -> 'names' ->> 'en' as name_en, coalesce(v.body ->> 'kana', '') as kana,
      m.corporate_number, m.created_at as at,
      (select count(*)::int from staff f where f.member_id = m.id and f.ended_at is null) as staff,
      (select count(*)::int from services s where s.member_id = m.id and s.status <> 'ended') as services
    from members m
    join lateral (select body from member_versions
      where member_id = m.id order by version desc limit 1) v on true
    union all
    select p.id, 'application', case when p.state in ('refused', 'withdrawn') then 'closed' else 'applied' end,
      p.state, r.body #>> '{application,profile,names,ja}', r.body #>> '{application,profile,names,en}',
      r.body #>> '{application,profile,kana}', r.body #>> '{application,corporateNumber}', p.created_at, 0, 0
    from proposals p
    join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
    where p.kind = 'member' and p.member_id is null and p.state <> 'approved'
  )`

const SORTS = { name: 'name', number: 'corporate_number', at: 'at', status: 'status' } as const
export type CompanySort = keyof typeof SORTS

/** One page of the companies; `filter` is a standing, or `closed`; without one, closed applications stay away. */
export async function companiesPage(
  db: Knex,
  { q, sort, descending, page, perPage, filter }: Listing<CompanySort>,
  at: Date,
): Promise<{ rows: ListedCompany[]; total: number }> {
  const { rows } = await db.raw<{ rows: (ListedCompany & { total: number })[] }>(
    `${companies}
     select id, what, status, state, name, corporate_number as "corporateNumber", at, staff, services,
       count(*) over ()::int as total
     from companies
     where (case when :filter = '' then status <> 'closed' else status = :filter end)
       and (:q = '' or name ilike :like escape '\\' or name_en ilike :like escape '\\'
         or kana ilike :like escape '\\' or corporate_number ilike :like escape '\\'
         or ('K-' || left(id::text, 8)) ilike :like escape '\\')
     order by ${SORTS[sort]} ${descending ? 'desc' : 'asc'}, id
     limit :limit offset :offset`,
    { at, filter, q, like: likeOf(q), limit: perPage, offset: (page - 1) * perPage },
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

/** Every version of a company, newest first, with the day it began. */
export async function versions(
  db: Knex,
  memberId: string,
): Promise<{ version: number; body: MemberBody; at: Date }[]> {
  const { rows } = await db.raw<{ rows: { version: number; body: MemberBody; at: Date }[] }>(
    `select version, body, created_at as at from member_versions
     where member_id = :memberId order by version desc`,
    { memberId },
  )
  return rows
}

/** What became of a company, newest first, with the reasons only operators see. */
export async function turns(
  db: Knex,
  memberId: string,
): Promise<{ status: MemberStatus; reason: string | null; at: Date }[]> {
  const { rows } = await db.raw<{
    rows: { status: MemberStatus; reason: string | null; at: Date }[]
  }>(
    `select status, reason, at from member_status_changes where member_id = :memberId order by at desc, id`,
    { memberId },
  )
  return rows
}

/** Its contracts and services, by name, for links. */
export async function belongings(
  db: Knex,
  memberId: string,
): Promise<{
  contracts: { id: string; number: string }[]
  services: { id: string; name: string; status: string }[]
}> {
  const contracts = await db('contracts')
    .where({ member_id: memberId })
    .orderBy('created_at')
    .select<{ id: string; number: string }[]>('id', 'number')
  const { rows } = await db.raw<{ rows: { id: string; name: string; status: string }[] }>(
    `select s.id, s.status, v.body -> 'names' ->> 'ja' as name from services s
     join lateral (select body from service_versions
       where service_id = s.id order by version desc limit 1) v on true
     where s.member_id = :memberId order by s.created_at, s.id`,
    { memberId },
  )
  return { contracts, services: rows }
}

/** Names of operators and staff, for what the console shows of their acts. */
export async function peopleNames(db: Knex, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await db.raw<{ rows: { id: string; name: string }[] }>(
    `select id, name from operators where id = any(:ids::uuid[])
     union all select id, name from staff where id = any(:ids::uuid[])`,
    { ids: [...ids] },
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}
