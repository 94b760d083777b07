import type { Knex } from 'knex'
import { statusAt } from '../database/turns.ts'
import { wholeTerms, type ContractTerms } from '../contracts/model.ts'
import { isUuid } from '../input/ids.ts'
import type { Both } from '../installation.ts'
import { namesByKind, type IdKind } from '../catalogue/model.ts'
import type { MemberStatus } from '../members/model.ts'
import type { DocumentText, FlowOf, Kind, Side, State } from './model.ts'

type FlowRow = Omit<
  FlowOf,
  'auditNoticeDays' | 'auditNoticeAssumed' | 'auditLimit' | 'bearers' | 'itemNames'
> & {
  terms: Partial<ContractTerms>
  itemsNamed: { id: string; names: Both }[]
  subjectType: IdKind
}

const flowColumns = `
  f.id, c.member_id as "memberId", mv.body -> 'names' as member, c.number as contract, f.giver, f.receiver, f.items,
  f.dataset, f.purposes, r.body as terms, r.starts_at as "contractFrom",
  r.subject_type as "subjectType",
  (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'names', names) order by position), '[]')
    from (select distinct on (id) id, names, position from items
      where id = any (f.items) order by id, version desc) i) as "itemsNamed",
  (select coalesce(jsonb_agg(names order by position), '[]') from (select distinct on (id) names, position from purposes
    where id = any (f.purposes) order by id, version desc) p) as "purposeNames"`
const newestMember = `join lateral (select body from member_versions
  where member_id = c.member_id order by version desc limit 1) mv on true`
/** The version of a contract that rules at `:at`: the newest that has begun. */
const ruling = `(select id, body, starts_at, ends_at, subject_type from contract_versions
  where contract_id = c.id and starts_at <= :at order by version desc limit 1)`

function fromFlowRow({ terms, itemsNamed, subjectType, ...row }: FlowRow): FlowOf {
  const { auditNoticeDays, auditLimit, bearers } = wholeTerms(terms)
  const auditNoticeAssumed = terms.auditNoticeDays === undefined
  const itemNames = itemsNamed.map(({ id, names }) => namesByKind(id, names, subjectType))
  return { ...row, itemNames, auditNoticeDays, auditNoticeAssumed, auditLimit, bearers }
}

/** The flows in force, of one company or of all; each stands for duties of its receiver (S-36). */
export async function flows(
  db: Knex,
  { memberId, at }: { memberId: string | undefined; at: Date },
): Promise<FlowOf[]> {
  const { rows } = await db.raw<{ rows: FlowRow[] }>(
    `select ${flowColumns}
     from contracts c
     join lateral ${ruling} r on r.ends_at > :at
     join contract_flows f on f.contract_version_id = r.id and f.starts_at <= :at and f.ends_at > :at
     ${newestMember}
     where :memberId::uuid is null or c.member_id = :memberId
     order by mv.body -> 'names' ->> 'ja', c.number, f.position`,
    { memberId: memberId ?? null, at },
  )
  return rows.map(fromFlowRow)
}

/** A flow, whether it is still open or not, with the terms of its contract that rule now, else those it was part of. */
export async function flow(db: Knex, id: string, at: Date): Promise<FlowOf | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: FlowRow[] }>(
    `select ${flowColumns}
     from contract_flows f
     join contract_versions o on o.id = f.contract_version_id
     join contracts c on c.id = o.contract_id
     join lateral (select n.body, n.starts_at, n.subject_type from contract_versions n
       where n.contract_id = c.id and (n.id = o.id or n.starts_at <= :at)
       order by n.version desc limit 1) r on true
     ${newestMember}
     where f.id = :id`,
    { id, at },
  )
  return rows[0] && fromFlowRow(rows[0])
}

/** The status of a company that counts at a moment. */
export async function memberStatus(
  db: Knex,
  memberId: string,
  at: Date,
): Promise<MemberStatus | undefined> {
  const { rows } = await db.raw<{ rows: { status: MemberStatus }[] }>(
    `select ${statusAt('m', ':at::timestamptz')} as status from members m where m.id = :memberId`,
    { memberId, at },
  )
  return rows[0]?.status
}

export type ListedCase = {
  id: string
  number: string | null
  kind: Kind
  state: State
  receiver: Side
  memberId: string | null
  member: Both | null
  dueAt: Date | null
  closedAt: Date | null
  openedAt: Date
}

const listed = `
  d.id, d.number, d.kind, d.state, d.receiver, d.member_id as "memberId", mv.body -> 'names' as member,
  d.due_at as "dueAt", d.closed_at as "closedAt", d.opened_at as "openedAt"
  from duty_cases d
  left join lateral (select body from member_versions
    where member_id = d.member_id order by version desc limit 1) mv on true`

const ORDERS = {
  due: 'd.closed_at is not null, d.due_at is null, d.due_at',
  member: `mv.body -> 'names' ->> 'ja'`,
  kind: 'd.kind',
  number: 'd.number',
  opened: 'd.opened_at',
  closed: 'd.closed_at',
} as const
type CaseSort = keyof typeof ORDERS

export type CaseList = {
  /** `like` pattern; undefined: everything. */
  like: string | undefined
  kind: string | undefined
  /** late: overdue ones, open: not over, closed: over. */
  only: 'late' | 'open' | 'closed' | undefined
  sort: CaseSort
  descending: boolean
  limit: number
  offset: number
  now: Date
  /** Of a company; its own drafts are then among them, and nobody else's. */
  memberId: string | undefined
}

/** One page of cases, and how many there are; never a draft of the other side. */
export async function list(
  db: Knex,
  asked: CaseList,
): Promise<{ rows: ListedCase[]; total: number }> {
  const direction = asked.descending ? 'desc' : 'asc'
  const { rows } = await db.raw<{ rows: (ListedCase & { total: number })[] }>(
    `select count(*) over ()::int as total, ${listed}
     where (:memberId::uuid is null or d.member_id = :memberId)
       and not (d.state = 'draft' and d.receiver <> :side)
       and not (:side = 'member' and d.kind = 'leak' and d.receiver = 'consortium')
       and (:kind::text is null or d.kind = :kind)
       and case :only::text when 'open' then d.closed_at is null when 'closed' then d.closed_at is not null
         when 'late' then d.closed_at is null and d.due_at <= :now else true end
       and (:like::text is null or d.number ilike :like escape '\\' or mv.body -> 'names' ->> 'ja' ilike :like escape '\\'
         or mv.body -> 'names' ->> 'en' ilike :like escape '\\')
     order by ${ORDERS[asked.sort]} ${direction}, d.opened_at desc, d.id
     limit :limit offset :offset`,
    {
      memberId: asked.memberId ?? null,
      side: asked.memberId ? 'member' : 'consortium',
      kind: asked.kind ?? null,
      only: asked.only ?? null,
      now: asked.now,
      like: asked.like ?? null,
      limit: asked.limit,
      offset: asked.offset,
    },
  )
  return { rows, total: rows[0]?.total ?? 0 }
}

/** Every case that is not over, of one company or of all. */
export async function open(db: Knex, memberId: string | undefined): Promise<ListedCase[]> {
  const { rows } = await db.raw<{ rows: ListedCase[] }>(
    `select ${listed}
     where d.closed_at is null and (:memberId::uuid is null or d.member_id = :memberId)
       and not (d.state = 'draft' and :memberId::uuid is null and d.receiver = 'member')
       and not (:memberId::uuid is not null and d.kind = 'leak' and d.receiver = 'consortium')
     order by d.due_at nulls last, d.opened_at`,
    { memberId: memberId ?? null },
  )
  return rows
}

/** Open cases a company must answer, whose time ends within three days or has ended, with the step that began it. */
export async function toRemind(
  db: Knex,
  { now, soon }: { now: Date; soon: Date },
): Promise<(ListedCase & { position: number; kindOf: 'soon' | 'late' })[]> {
  const { rows } = await db.raw<{
    rows: (ListedCase & { position: number; kindOf: 'soon' | 'late' })[]
  }>(
    `select s.position, case when d.due_at <= :now then 'late' else 'soon' end as "kindOf", ${listed}
     join lateral (select max(position) as position from duty_steps where case_id = d.id) s on s.position is not null
     where d.closed_at is null and d.due_at <= :soon and d.receiver = 'member' and d.member_id is not null
       and d.state in ('requested', 'ordered')
       and not exists (select 1 from duty_reminders r where r.case_id = d.id and r.position = s.position
         and r.kind = case when d.due_at <= :now then 'late' else 'soon' end)
     order by d.due_at limit 200`,
    { now, soon },
  )
  return rows
}

export type ShownDocument = {
  id: string
  number: string
  kind: string
  caseId: string
  memberId: string | null
  sender: Side
  senderName: string | null
  body: Record<keyof Both, DocumentText>
  hash: string
  sentAt: Date
  /** `isProgram`: it was handed to a program of the company; nobody opened it by that. */
  readings: { name: string; isProgram: boolean; at: Date }[]
  mails: { name: string; queuedAt: Date; handedOverAt: Date | null }[]
}

type DocumentRow = Omit<ShownDocument, 'readings' | 'mails'> & {
  readings: { name: string; isProgram: boolean; at: string }[] | null
  mails: { name: string; queuedAt: string; handedOverAt: string | null }[] | null
}

/** The documents of a case with who sent them and the proof of their delivery (S-52), in their order. */
export async function documents(db: Knex, caseId: string): Promise<ShownDocument[]> {
  const { rows } = await db.raw<{ rows: DocumentRow[] }>(
    `select d.id, d.number, d.kind, d.case_id as "caseId", d.member_id as "memberId", d.sender, d.body,
       coalesce(so.name, ss.name) as "senderName", encode(d.body_hash, 'hex') as hash, d.sent_at as "sentAt",
       (select jsonb_agg(jsonb_build_object('name', coalesce(o.name, s.name, p.name, '—'),
           'isProgram', p.id is not null, 'at', r.at) order by r.at)
         from duty_readings r
         left join api_clients p on r.side = 'member' and p.id::text = r.reader_id
         left join operators o on r.side = 'consortium' and o.id::text = r.reader_id
         left join staff s on r.side = 'member' and s.id::text = r.reader_id
         where r.document_id = d.id) as readings,
       (select jsonb_agg(jsonb_build_object('name', coalesce(o.name, s.name, '—'), 'queuedAt', m.queued_at,
           'handedOverAt', m.handed_over_at) order by m.queued_at)
         from duty_mails m left join operators o on o.id = m.operator_id left join staff s on s.id = m.staff_id
         where m.document_id = d.id) as mails
     from duty_documents d
     left join operators so on so.id::text = d.sender_id
     left join staff ss on d.sender = 'member' and ss.id::text = d.sender_id
     where d.case_id = :caseId order by d.year, d.running`,
    { caseId },
  )
  return rows.map((row) => ({
    ...row,
    readings: (row.readings ?? []).map((one) => ({ ...one, at: new Date(one.at) })),
    mails: (row.mails ?? []).map((mail) => ({
      name: mail.name,
      queuedAt: new Date(mail.queuedAt),
      handedOverAt: mail.handedOverAt ? new Date(mail.handedOverAt) : null,
    })),
  }))
}

export type Reader = { id: string; email: string }

/** The managers of a company who may be written to today. */
export async function managers(db: Knex, memberId: string, today: string): Promise<Reader[]> {
  const { rows } = await db.raw<{ rows: Reader[] }>(
    `select id, email from staff
     where member_id = :memberId and role = 'manager' and (ends_on is null or ends_on >= :today)`,
    { memberId, today },
  )
  return rows
}

/** The operators who hear of a leak at once. */
export async function privacyOfficers(db: Knex, today: string): Promise<Reader[]> {
  const { rows } = await db.raw<{ rows: Reader[] }>(
    `select id, email from operators where 'privacy_officer' = any (roles) and ends_on >= :today`,
    { today },
  )
  return rows
}

export type ServiceChoice = { id: string; memberId: string; names: Both }

/** Services a claim may be about, of one company or of all. */
export async function services(db: Knex, memberId: string | undefined): Promise<ServiceChoice[]> {
  const { rows } = await db.raw<{ rows: ServiceChoice[] }>(
    `select s.id, s.member_id as "memberId", v.body -> 'names' as names from services s
     join lateral (select body from service_versions where service_id = s.id order by version desc limit 1) v on true
     where :memberId::uuid is null or s.member_id = :memberId order by v.body -> 'names' ->> 'ja'`,
    { memberId: memberId ?? null },
  )
  return rows
}

/** The names of whoever took the steps of a case; a company's step may be an operator's, from paper. */
export async function names(db: Knex, caseId: string): Promise<Map<string, string>> {
  const { rows } = await db.raw<{ rows: { id: string; name: string }[] }>(
    `select distinct t.by_id as id, coalesce(o.name, s.name) as name from duty_steps t
     left join operators o on o.id::text = t.by_id
     left join staff s on t.side = 'member' and s.id::text = t.by_id
     where t.case_id = :caseId and coalesce(o.name, s.name) is not null`,
    { caseId },
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** How many provisions a company received in a time: what its report can be held against. */
export async function provisions(
  db: Knex,
  { memberId, from, to }: { memberId: string; from: Date; to: Date },
): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select count(*)::int as n from provision_records
     where member_id = :memberId and at >= :from and at < :to`,
    { memberId, from, to },
  )
  return rows[0]?.n ?? 0
}

/** The legal names of a company as they are now. */
export async function memberNames(db: Knex, memberId: string): Promise<Both | undefined> {
  const { rows } = await db.raw<{ rows: { names: Both }[] }>(
    `select body -> 'names' as names from member_versions
     where member_id = :memberId order by version desc limit 1`,
    { memberId },
  )
  return rows[0]?.names
}

/** How many open cases are overdue, of one company or of all. */
export async function lateCount(
  db: Knex,
  { memberId, now }: { memberId: string | undefined; now: Date },
): Promise<number> {
  const cases = await open(db, memberId)
  return cases.filter(({ dueAt }) => dueAt !== null && dueAt <= now).length
}
