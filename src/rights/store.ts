import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { Language } from '../locales/index.ts'
import type {
  Body,
  Case,
  CaseNow,
  Kind,
  Method,
  Outcome,
  Rule,
  State,
  Step,
  StepName,
  Subject,
} from './model.ts'

type Row = {
  id: string
  number: string
  kind: Kind
  subject: Subject
  resident_id: string
  service_id: string | null
  items: string[]
  from_day: string | null
  to_day: string | null
  method: Method | null
  language: Language
  profile: string
  rule: Rule
  received_at: Date
  state: State
  due_at: Date | null
  ended_at: Date | null
  outcome: Outcome | null
}

/** A case with where it stands: `c` is the case, `s` its standing. */
const columns = `c.id, c.number, c.kind, c.subject, c.resident_id, c.service_id, c.items,
  to_char(c.from_day, 'YYYY-MM-DD') as from_day, to_char(c.to_day, 'YYYY-MM-DD') as to_day, c.method, c.language,
  c.profile, c.rule, c.received_at, s.state, s.due_at, s.ended_at,
  (select body ->> 'outcome' from case_steps where case_id = c.id and step = 'decided'
    order by position desc limit 1) as outcome
  from rights_cases c join rights_standing s on s.case_id = c.id`

function fromRow(row: Row): CaseNow {
  return {
    id: row.id,
    number: row.number,
    kind: row.kind,
    subject: row.subject,
    residentId: row.resident_id,
    serviceId: row.service_id,
    items: row.items,
    fromDay: row.from_day,
    toDay: row.to_day,
    method: row.method,
    language: row.language,
    profile: row.profile,
    rule: row.rule,
    receivedAt: row.received_at,
    state: row.state,
    dueAt: row.due_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
  }
}

/** A case; `hold` locks it until the transaction ends, and first, so that of two steps one sees the other. */
export async function find(db: Knex, id: string, hold = false): Promise<CaseNow | undefined> {
  if (!isUuid(id)) return undefined
  if (hold) await db('rights_standing').where({ case_id: id }).forUpdate().first('case_id')
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${columns} where c.id = :id`, { id })
  return rows[0] && fromRow(rows[0])
}

/** The case a form has made already. */
export async function byForm(db: Knex, once: string): Promise<CaseNow | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${columns} where c.once = :once`, { once })
  return rows[0] && fromRow(rows[0])
}

/** Every case of a resident, the newest first. */
export async function ofResident(db: Knex, residentId: string): Promise<CaseNow[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${columns} where c.resident_id = :residentId order by c.received_at desc, c.running desc`,
    { residentId },
  )
  return rows.map(fromRow)
}

/** Cases whose answer is owed, the most urgent first. */
export async function open(db: Knex, most: number): Promise<CaseNow[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${columns} where s.ended_at is null order by s.due_at nulls last, c.running limit :most`,
    { most },
  )
  return rows.map(fromRow)
}

/** Owed answers due before a day, of which officers have not been told that they are late. */
export async function toRemind(
  db: Knex,
  { before, most }: { before: Date; most: number },
): Promise<CaseNow[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${columns} where s.ended_at is null and s.due_at < :before
       and not exists (select 1 from rights_reminders r
         where r.case_id = c.id and r.due_at = s.due_at and r.kind = 'late')
     order by s.due_at limit :most`,
    { before, most },
  )
  return rows.map(fromRow)
}

const ORDERS = {
  due: 's.ended_at is not null, s.due_at is null, s.due_at',
  number: 'c.year, c.running',
  kind: 'c.kind',
  received: 'c.received_at',
} as const

export type CaseList = {
  /** `like` pattern over the number and the service's name; undefined: everything. */
  like: string | undefined
  kind: string | undefined
  only: 'late' | 'open' | undefined
  sort: keyof typeof ORDERS
  descending: boolean
  limit: number
  offset: number
  now: Date
}

/** One page of cases, and how many there are. */
export async function list(db: Knex, asked: CaseList): Promise<{ rows: CaseNow[]; total: number }> {
  const direction = asked.descending ? 'desc' : 'asc'
  const { rows } = await db.raw<{ rows: (Row & { total: number })[] }>(
    `select count(*) over ()::int as total, ${columns}
     where (:kind::text is null or c.kind = :kind)
       and (:only::text is null or (s.ended_at is null and (:only = 'open' or s.due_at <= :now)))
       and (:like::text is null or c.number ilike :like escape '\\' or exists (
         select 1 from service_versions v where v.service_id = c.service_id
           and (v.body -> 'names' ->> 'ja' ilike :like escape '\\' or v.body -> 'names' ->> 'en' ilike :like escape '\\')))
     order by ${ORDERS[asked.sort]} ${direction}, c.received_at, c.id
     limit :limit offset :offset`,
    {
      kind: asked.kind ?? null,
      only: asked.only ?? null,
      like: asked.like ?? null,
      now: asked.now,
      limit: asked.limit,
      offset: asked.offset,
    },
  )
  return { rows: rows.map(fromRow), total: rows[0]?.total ?? 0 }
}

/** How many owed answers are overdue. */
export async function lateCount(db: Knex, now: Date): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select count(*)::int as n from rights_standing where ended_at is null and due_at <= :now`,
    { now },
  )
  return rows[0]?.n ?? 0
}

/** The next running number of a year; no other transaction gets one before this one ends, so none is left out. */
export async function nextNumber(db: Knex, year: number): Promise<number> {
  const { rows } = await db.raw<{ rows: { last: number }[] }>(
    `insert into rights_numbers (year, last) values (:year, 1)
     on conflict (year) do update set last = rights_numbers.last + 1 returning last`,
    { year },
  )
  const last = rows[0]?.last
  if (last === undefined) throw new Error('no running number came')
  return last
}

/** One form at a time: held until the transaction ends, so that the second of two posts finds the first one's case. */
export async function lockForm(db: Knex, once: string): Promise<void> {
  await db.raw(`select pg_advisory_xact_lock(hashtextextended('request ' || :once, 0))`, { once })
}

export async function insertCase(
  db: Knex,
  of: Case & { year: number; running: number; once: string },
): Promise<void> {
  await db('rights_cases').insert({
    id: of.id,
    number: of.number,
    year: of.year,
    running: of.running,
    kind: of.kind,
    subject: of.subject,
    resident_id: of.residentId,
    service_id: of.serviceId,
    items: of.items,
    from_day: of.fromDay,
    to_day: of.toDay,
    method: of.method,
    language: of.language,
    profile: of.profile,
    rule: JSON.stringify(of.rule),
    once: of.once,
    received_at: of.receivedAt,
  })
}

export async function insertStep(
  db: Knex,
  row: Step & { caseId: string; hash: Buffer },
): Promise<void> {
  await db('case_steps').insert({
    id: row.id,
    case_id: row.caseId,
    position: row.position,
    step: row.step,
    by_kind: row.byKind,
    by_id: row.byId,
    body: JSON.stringify(row.body),
    sealed: row.sealed,
    body_hash: row.hash,
    at: row.at,
  })
}

/** Every step of a case, oldest first. */
export async function steps(db: Knex, caseId: string): Promise<Step[]> {
  type StepRow = {
    id: string
    position: number
    step: StepName
    by_kind: Step['byKind']
    by_id: string
    body: Body
    sealed: Buffer | null
    at: Date
  }
  const rows = await db<StepRow>('case_steps')
    .where('case_id' as never, caseId)
    .orderBy('position')
    .select('id', 'position', 'step', 'by_kind', 'by_id', 'body', 'sealed', 'at')
  return rows.map(({ by_kind, by_id, ...rest }) => ({ ...rest, byKind: by_kind, byId: by_id }))
}

/** What the steps come to, for lists. */
export async function stand(
  db: Knex,
  row: { caseId: string; state: State; dueAt: Date | null; endedAt: Date | null },
): Promise<void> {
  await db('rights_standing')
    .insert({
      case_id: row.caseId,
      state: row.state,
      due_at: row.dueAt,
      ended_at: row.endedAt,
    })
    .onConflict('case_id')
    .merge()
}

export async function insertIdentityCheck(
  db: Knex,
  row: { id: string; residentId: string; sessionUid: string; at: Date },
): Promise<void> {
  await db('identity_checks').insert({
    id: row.id,
    resident_id: row.residentId,
    session_uid: row.sessionUid,
    at: row.at,
  })
}

/** The newest time the password was entered again in a browser since a moment. */
export async function identityCheck(
  db: Knex,
  asked: { residentId: string; sessionUid: string; since: Date },
): Promise<{ id: string; at: Date } | undefined> {
  return db<{ id: string; at: Date; resident_id: string; session_uid: string }>('identity_checks')
    .where({ resident_id: asked.residentId, session_uid: asked.sessionUid })
    .where('at', '>', asked.since)
    .orderBy('at', 'desc')
    .first('id', 'at')
}

/** @returns whether this reminder was still to be sent; of several nodes one is told so */
export async function insertReminder(
  db: Knex,
  row: { caseId: string; dueAt: Date; kind: 'soon' | 'late'; at: Date },
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: object[] }>(
    `insert into rights_reminders (case_id, due_at, kind, at)
     values (:caseId, :dueAt, :kind, :at) on conflict do nothing returning 1`,
    row,
  )
  return rows.length > 0
}
