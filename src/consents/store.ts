import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import type { Evidence } from '../audit/model.ts'
import type { AgreedItem, Agreement, Consent, Standing } from './model.ts'

type AgreementRow = {
  id: string
  resident_id: string
  service_id: string
  started_at: Date
  ended_at: Date | null
  end_kind: Agreement['endKind']
}

type ConsentRow = {
  id: string
  agreement_id: string
  version: number
  kind: Consent['kind']
  resident_id: string
  service_id: string
  member_id: string
  service_version_id: string
  contract_version_id: string
  template: string
  template_version: number
  template_hash: Buffer
  language: string
  showing_id: string | null
  page_hash: Buffer | null
  shown_at: Date | null
  agreed_at: Date
  items: AgreedItem[]
  declined: string[]
  subject_type: 'public' | 'pairwise'
  ends_at: Date
  deletion_requested: boolean
  acted_by: 'service' | 'operator' | null
  on_request: string | null
}

function agreementFromRow(row: AgreementRow): Agreement {
  return {
    id: row.id,
    residentId: row.resident_id,
    serviceId: row.service_id,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    endKind: row.end_kind,
  }
}

export function consentFromRow(row: ConsentRow): Consent {
  return {
    id: row.id,
    agreementId: row.agreement_id,
    version: row.version,
    kind: row.kind,
    residentId: row.resident_id,
    serviceId: row.service_id,
    memberId: row.member_id,
    serviceVersionId: row.service_version_id,
    contractVersionId: row.contract_version_id,
    template: row.template,
    templateVersion: row.template_version,
    templateHash: row.template_hash,
    language: row.language,
    showingId: row.showing_id,
    pageHash: row.page_hash,
    shownAt: row.shown_at,
    agreedAt: row.agreed_at,
    items: row.items,
    declined: row.declined,
    subjectType: row.subject_type,
    endsAt: row.ends_at,
    deletionRequested: row.deletion_requested,
    ...(row.acted_by && { actedBy: row.acted_by }),
    ...(row.on_request && { onRequest: row.on_request }),
  }
}

export type ShowingRow = {
  id: string
  residentId: string
  serviceId: string
  interactionUid: string | null
  reason: string
  canonical: string
  pageHash: Buffer
  /** Sealed under the resident's key. */
  salt: Buffer
  shownAt: Date
}

export async function insertShowing(db: Knex, row: ShowingRow): Promise<void> {
  await db('showings').insert({
    id: row.id,
    resident_id: row.residentId,
    service_id: row.serviceId,
    interaction_uid: row.interactionUid,
    reason: row.reason,
    canonical: row.canonical,
    page_hash: row.pageHash,
    salt: row.salt,
    shown_at: row.shownAt,
  })
}

export async function showing(db: Knex, id: string): Promise<ShowingRow | undefined> {
  const row = await db('showings').where({ id }).first()
  if (!row) return undefined
  return {
    id: row.id,
    residentId: row.resident_id,
    serviceId: row.service_id,
    interactionUid: row.interaction_uid,
    reason: row.reason,
    canonical: row.canonical,
    pageHash: row.page_hash,
    salt: row.salt,
    shownAt: row.shown_at,
  }
}

/** Writes the answer to a showing; false where it was answered before (the other answer stands). */
export async function answer(
  db: Knex,
  showingId: string,
  decision: 'agree' | 'refuse',
  at: Date,
): Promise<boolean> {
  const rows = await db('showing_answers')
    .insert({ showing_id: showingId, decision, at })
    .onConflict('showing_id')
    .ignore()
    .returning('showing_id')
  return rows.length === 1
}

export async function answerOf(
  db: Knex,
  showingId: string,
): Promise<'agree' | 'refuse' | undefined> {
  const row = await db('showing_answers')
    .where({ showing_id: showingId })
    .first<{ decision: 'agree' | 'refuse' }>('decision')
  return row?.decision
}

/** The agreement in force between the two, locked until the transaction ends. */
export async function lockInForce(
  db: Knex,
  residentId: string,
  serviceId: string,
): Promise<Agreement | undefined> {
  const row = await db('agreements')
    .where({ resident_id: residentId, service_id: serviceId })
    .whereNull('ended_at')
    .forUpdate()
    .first<AgreementRow>()
  return row && agreementFromRow(row)
}

/** The newest agreement between the two where it is paused, locked until the transaction ends. */
export async function lockPaused(
  db: Knex,
  residentId: string,
  serviceId: string,
): Promise<Agreement | undefined> {
  const row = await db('agreements')
    .where({ resident_id: residentId, service_id: serviceId })
    .orderByRaw('ended_at is null desc, started_at desc, id')
    .limit(1)
    .forUpdate()
    .first<AgreementRow>()
  return row?.end_kind === 'paused' ? agreementFromRow(row) : undefined
}

/** Begins an agreement; undefined where another transaction began one first. */
export async function begin(db: Knex, agreement: Agreement): Promise<Agreement | undefined> {
  const rows = await db('agreements')
    .insert({
      id: agreement.id,
      resident_id: agreement.residentId,
      service_id: agreement.serviceId,
      started_at: agreement.startedAt,
    })
    .onConflict(db.raw('(resident_id, service_id) where ended_at is null'))
    .ignore()
    .returning('id')
  return rows.length === 1 ? agreement : undefined
}

/** Ends an agreement in force, or turns a paused one into a withdrawn one; what has ended otherwise stays as it is. */
export async function end(
  db: Knex,
  id: string,
  kind: NonNullable<Agreement['endKind']>,
  at: Date,
): Promise<void> {
  await db('agreements')
    .where({ id })
    .whereRaw(`(ended_at is null or end_kind = 'paused')`)
    .update({ ended_at: at, end_kind: kind })
}

export async function insertConsent(
  db: Knex,
  consent: Consent,
  sealedSalt: Buffer,
  evidence: Evidence,
): Promise<void> {
  await db('consents').insert({
    id: consent.id,
    agreement_id: consent.agreementId,
    version: consent.version,
    kind: consent.kind,
    resident_id: consent.residentId,
    service_id: consent.serviceId,
    member_id: consent.memberId,
    service_version_id: consent.serviceVersionId,
    contract_version_id: consent.contractVersionId,
    template: consent.template,
    template_version: consent.templateVersion,
    template_hash: consent.templateHash,
    language: consent.language,
    showing_id: consent.showingId,
    page_hash: consent.pageHash,
    shown_at: consent.shownAt,
    agreed_at: consent.agreedAt,
    items: JSON.stringify(consent.items),
    declined: consent.declined,
    subject_type: consent.subjectType,
    ends_at: consent.endsAt,
    deletion_requested: consent.deletionRequested,
    acted_by: consent.actedBy ?? null,
    on_request: consent.onRequest ?? null,
    salt: sealedSalt,
    canonical: evidence.canonical,
    leaf_hash: evidence.leafHash,
  })
}

const NEWEST = {
  name: 'consents_newest',
  text: `select to_jsonb(a.*) as agreement, c.*
    from agreements a
    join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
    where a.resident_id = $1 and a.service_id = $2
    order by a.ended_at is null desc, a.started_at desc, a.id limit 1`,
}

/** The newest agreement between the two and its newest version, ended ones included. */
export async function newest(
  db: Knex,
  residentId: string,
  serviceId: string,
): Promise<Standing | undefined> {
  const { rows } = await named<ConsentRow & { agreement: AgreementRow }>(db, NEWEST, [
    residentId,
    serviceId,
  ])
  return rows[0] && standingFromRow(rows[0])
}

/** A joined row whose agreement came as JSON, its times as text. */
export function standingFromRow(row: ConsentRow & { agreement: AgreementRow }): Standing {
  const { started_at, ended_at } = row.agreement
  const agreement = agreementFromRow({
    ...row.agreement,
    started_at: new Date(started_at),
    ended_at: ended_at && new Date(ended_at),
  })
  return { agreement, consent: consentFromRow(row) }
}

/**
 * Services whose agreement is in force or paused, in a fixed order so that two withdrawals at once cannot lock each other.
 *
 * @param at what had run out by then needs no withdrawal
 */
export async function servicesToStop(db: Knex, residentId: string, at: Date): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { service_id: string }[] }>(
    `select a.service_id from (
       select distinct on (service_id) * from agreements where resident_id = :residentId
       order by service_id, ended_at is null desc, started_at desc, id) a
     join lateral (select ends_at from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
     where a.end_kind = 'paused' or (a.ended_at is null and c.ends_at > :at) order by a.service_id`,
    { residentId, at },
  )
  return rows.map((row) => row.service_id)
}

/**
 * The last consent with each company about a service, where it has ended and the company was not asked since to erase,
 * or answered that it kept something.
 */
export async function endedAndHeld(
  db: Knex,
  { residentId, serviceId, at }: { residentId: string; serviceId: string | undefined; at: Date },
): Promise<Consent[]> {
  const { rows } = await db.raw<{ rows: ConsentRow[] }>(
    `select * from (
       select distinct on (c.service_id, c.member_id) c.*, a.ended_at from consents c
       join agreements a on a.id = c.agreement_id
       where c.resident_id = :residentId and (:serviceId::uuid is null or c.service_id = :serviceId)
       order by c.service_id, c.member_id, c.agreed_at desc, c.version desc) c
     where (c.ended_at is not null or c.ends_at <= :at) and not exists (
       select from deletion_requests r left join deletion_answers w on w.request_id = r.id
       where r.resident_id = c.resident_id and r.service_id = c.service_id and r.member_id = c.member_id
         and r.asked_at >= c.agreed_at and (w.request_id is null or w.outcome = 'done'))`,
    { residentId, serviceId: serviceId ?? null, at },
  )
  return rows.map(consentFromRow)
}
