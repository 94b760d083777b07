/** Reading for the desk: proposals with their names, and what the queue could not deliver. */
import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import { likeOf, type Listing } from '../http/listing.ts'
import type { Language } from '../locales/index.ts'
import type { State } from '../reviews/model.ts'
import type { Waiting } from './model.ts'

/** Proposals by name. A draft of a company is its own until it is handed in. `:language`, `:marks` */
const PROPOSALS = `
  select p.id, p.kind, p.subject_id as "subjectId", p.member_id as "memberId", p.state, p.revision,
    p.changed_at as "changedAt",
    coalesce(company.body -> 'names' ->> :language, '') as company,
    coalesce(case p.kind
      when 'member' then coalesce(r.body -> 'application' -> 'profile' -> 'names' ->> :language,
        company.body -> 'names' ->> :language)
      when 'contract' then r.body ->> 'number'
      when 'service' then r.body -> 'asked' -> 'names' ->> :language
      when 'operator' then coalesce(o.name, r.body ->> 'name')
      when 'phase' then ''
      when 'retention' then r.body ->> 'month'
      else coalesce(service.body -> 'names' ->> :language, company.body -> 'names' ->> :language)
    end, '') as title,
    exists (select 1 from proposal_revisions e where e.proposal_id = p.id and e.author_marks && :marks::text[])
      or exists (select 1 from proposal_turns e where e.proposal_id = p.id and e.by_marks && :marks::text[]
        and e.turn in ('drafted', 'edited', 'submitted', 'proposed')) as involved
  from proposals p
  join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
  left join operators o on p.kind = 'operator' and o.id = p.subject_id
  left join lateral (select body from member_versions v
    where v.member_id = p.member_id order by v.version desc limit 1) company on true
  left join lateral (select body from service_versions v
    where v.service_id = p.subject_id order by v.version desc limit 1) service on true
  where (p.state <> 'draft' or r.author_kind = 'operator')`

export type Reader = {
  language: Language
  /** Marks of who reads, for `involved`. */
  marks: readonly string[]
}

/** What may wait for somebody: handed in or proposed, the oldest first. */
export async function waiting(db: Knex, { language, marks }: Reader): Promise<Waiting[]> {
  const { rows } = await db.raw<{ rows: Waiting[] }>(
    `${PROPOSALS} and p.state in ('submitted', 'proposed') order by p.changed_at, p.id`,
    { language, marks: [...marks] },
  )
  return rows
}

export const PROPOSAL_SORTS = ['changed', 'title', 'company', 'kind', 'state'] as const
type ProposalSort = (typeof PROPOSAL_SORTS)[number]

const ORDER: Record<ProposalSort, string> = {
  changed: '"changedAt"',
  title: 'title',
  company: 'company',
  kind: 'kind',
  state: 'state',
}

export type ProposalsAsked = Reader & { listing: Listing<ProposalSort> }

/** A page of all proposals, counted, searched, sorted and cut in SQL. */
export async function proposals(
  db: Knex,
  { language, marks, listing }: ProposalsAsked,
): Promise<{ rows: Waiting[]; total: number }> {
  const values = {
    language,
    marks: [...marks],
    q: listing.q && likeOf(listing.q),
    state: (listing.filter || null) as State | null,
  }
  const found = `from (${PROPOSALS}) x
    where (:q = '' or x.title ilike :q escape '\\' or x.company ilike :q escape '\\')
      and (:state::text is null or x.state = :state)`
  const counted = await db.raw<{ rows: { total: string }[] }>(
    `select count(*) as total ${found}`,
    values,
  )
  const total = Number(counted.rows[0]?.total ?? 0)
  const pages = Math.max(1, Math.ceil(total / listing.perPage))
  const offset = (Math.min(listing.page, pages) - 1) * listing.perPage
  const { rows } = await db.raw<{ rows: Waiting[] }>(
    `select x.* ${found} order by ${ORDER[listing.sort]} ${listing.descending ? 'desc' : 'asc'}, x.id
     limit :limit offset :offset`,
    { ...values, limit: listing.perPage, offset },
  )
  return { rows, total }
}

/** Deeds that were given up after every attempt, by kind; the newest moment of each. */
export async function undelivered(
  db: Knex,
): Promise<{ kind: string; count: number; last: Date }[]> {
  const { rows } = await db.raw<{ rows: { kind: string; count: number; last: Date }[] }>(
    `select coalesce(source_name, name) as kind, count(*)::int as count, max(created_on) as last
     from jobs.job where name = 'dead' and state = 'created' group by 1 order by 3 desc`,
  )
  return rows
}

/** Something of a company on its way: what its staff themselves began. */
export type OnItsWay = {
  id: string
  kind: 'service' | 'member'
  subjectId: string | null
  state: State
  title: string
  changedAt: Date
  /** What is to be corrected, where it was given back. */
  note: string | null
}

/** What a company's staff began and that is not over: never what operators prepare about them. */
export async function onTheirWay(
  db: Knex,
  { memberId, language }: { memberId: string; language: Language },
): Promise<OnItsWay[]> {
  const { rows } = await db.raw<{ rows: OnItsWay[] }>(
    `select p.id, p.kind, p.subject_id as "subjectId", p.state, p.changed_at as "changedAt",
       coalesce(r.body -> 'asked' -> 'names' ->> :language, '') as title,
       (select t.note from proposal_turns t where t.proposal_id = p.id and t.turn = 'returned'
         and p.state = 'returned' order by t.at desc, t.id limit 1) as note
     from proposals p
     join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision
     join proposal_revisions first on first.proposal_id = p.id and first.revision = 1
     where p.member_id = :memberId and p.kind in ('service', 'member') and first.author_kind <> 'operator'
       and p.state in ('draft', 'submitted', 'returned', 'proposed')
     order by p.changed_at desc, p.id`,
    { memberId, language },
  )
  return rows
}

export type OwnService = { id: string; name: string; status: string; version: number }

/** The approved services of a company by name, with the status that counts now; their test sides left out. */
export async function services(
  db: Knex,
  { memberId, language, at }: { memberId: string; language: Language; at: Date },
): Promise<OwnService[]> {
  const { rows } = await db.raw<{ rows: OwnService[] }>(
    `select s.id, v.body -> 'names' ->> :language as name, v.version,
       ${statusAt('s', ':at::timestamptz')} as status
     from services s
     join lateral (select version, body from service_versions v
       where v.service_id = s.id order by v.version desc limit 1) v on true
     where s.member_id = :memberId and s.side = 'live' order by name, s.id`,
    { memberId, language, at },
  )
  return rows
}
