/** When the next yearly letter of a resident, and the next look at an unused consent, is due. */
import type { Knex } from 'knex'
import type { IdKind } from '../catalogue/model.ts'
import type { AgreedItem } from './model.ts'

/** Notes both for an agreement that begins; a resident's yearly letter keeps the day it has. */
export async function plan(
  db: Knex,
  whose: { residentId: string; agreementId: string },
  due: { digest: Date; reminder: Date },
): Promise<void> {
  await db.raw(
    `with digest as (insert into consent_digests (resident_id, due_at) values (:residentId, :digest)
       on conflict do nothing)
     insert into consent_reminders (agreement_id, resident_id, due_at)
       values (:agreementId, :residentId, :reminder) on conflict do nothing`,
    { ...whose, ...due },
  )
}

const PLANS = { digest: 'consent_digests', reminder: 'consent_reminders' } as const
export type Plan = keyof typeof PLANS

/** Residents for whom something is due, in the order of their ids. */
export async function due(
  db: Knex,
  plan: Plan,
  at: Date,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  return db(PLANS[plan])
    .distinct('resident_id')
    .where('due_at', '<=', at)
    .where('resident_id', '>', after)
    .orderBy('resident_id')
    .limit(limit)
    .pluck<string[]>('resident_id')
}

/**
 * Takes a resident's yearly letter in hand: it is due again at `next`.
 *
 * @returns false where it is not due any more, or another node has it in hand
 */
export async function claimDigest(
  db: Knex,
  residentId: string,
  { at, next }: { at: Date; next: Date },
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update consent_digests set due_at = :next where resident_id = (select resident_id from consent_digests
       where resident_id = :residentId and due_at <= :at for update skip locked)`,
    { residentId, at, next },
  )
  return rowCount > 0
}

/** The agreements of a resident to look at now, held; those that another node holds are left out. */
export function claimReminders(db: Knex, residentId: string, at: Date): Promise<string[]> {
  return db('consent_reminders')
    .where('resident_id', residentId)
    .where('due_at', '<=', at)
    .forUpdate()
    .skipLocked()
    .pluck<string[]>('agreement_id')
}

export async function remindAt(db: Knex, agreementId: string, due_at: Date): Promise<void> {
  await db('consent_reminders').where('agreement_id', agreementId).update({ due_at })
}

export async function dropReminders(db: Knex, agreementIds: readonly string[]): Promise<void> {
  await db('consent_reminders')
    .whereIn('agreement_id', [...agreementIds])
    .delete()
}

/** Nothing is planned any more for an account that was closed. */
export async function forget(db: Knex, residentId: string): Promise<void> {
  for (const table of Object.values(PLANS))
    await db(table).where('resident_id', residentId).delete()
}

export type Used = {
  agreementId: string
  serviceId: string
  /** Whom it is with, whoever has the service now (S-59). */
  memberId: string
  startedAt: Date
  endedAt: Date | null
  endsAt: Date
  /** Of the newest version. */
  agreedAt: Date
  /** The last provision; null where there was none, or its record is gone. */
  providedAt: Date | null
}

/** What became of agreements since they began. */
export async function used(db: Knex, agreementIds: readonly string[]): Promise<Used[]> {
  const { rows } = await db.raw<{ rows: Used[] }>(
    `select a.id as "agreementId", a.service_id as "serviceId", c.member_id as "memberId", a.started_at as "startedAt",
       a.ended_at as "endedAt", c.ends_at as "endsAt", c.agreed_at as "agreedAt",
       (select max(p.at) from provision_records p
         where p.resident_id = a.resident_id and p.service_id = a.service_id and p.member_id = c.member_id) as "providedAt"
     from agreements a
     join lateral (select agreed_at, ends_at, member_id from consents where agreement_id = a.id
       order by version desc limit 1) c on true
     where a.id = any(:ids) order by a.started_at`,
    { ids: [...agreementIds] },
  )
  return rows
}

export type OfYear = {
  serviceId: string
  /** Who received; another one after a service was handed over (S-59). */
  memberId: string
  /** Provisions in the year. */
  times: number
  /** Of the agreement not ended; null where there is none. */
  startedAt: Date | null
  endsAt: Date | null
  items: AgreedItem[] | null
  subjectType: IdKind | null
}

/** Each service, by company, with an agreement that has not ended, or with a provision since then. */
export async function ofYear(
  db: Knex,
  residentId: string,
  { from, to }: { from: Date; to: Date },
): Promise<OfYear[]> {
  const { rows } = await db.raw<{ rows: OfYear[] }>(
    `with year as (
       select service_id, member_id, count(*)::int as times from provision_records
       where resident_id = :residentId and at > :from and at <= :to group by service_id, member_id),
     agreed as (
       select a.service_id, c.member_id, a.started_at, c.ends_at, c.items, c.subject_type from agreements a
       join lateral (select ends_at, items, subject_type, member_id from consents where agreement_id = a.id
         order by version desc limit 1) c on true
       where a.resident_id = :residentId and a.ended_at is null)
     select coalesce(agreed.service_id, year.service_id) as "serviceId",
       coalesce(agreed.member_id, year.member_id) as "memberId", coalesce(year.times, 0) as times,
       agreed.started_at as "startedAt", agreed.ends_at as "endsAt", agreed.items,
       agreed.subject_type as "subjectType"
     from agreed full join year on year.service_id = agreed.service_id and year.member_id = agreed.member_id
     order by agreed.started_at nulls last, 1, 2`,
    { residentId, from, to },
  )
  return rows
}
