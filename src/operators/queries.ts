import type { Knex } from 'knex'
import type { Both } from '../installation.ts'

export type ServiceInForce = {
  names: Both
  memberNames: Both
  since: Date
  provided: number
  lastAt: Date | null
}

/** The services a resident agreed with now, and how often each received something: no values, no items. */
export async function servicesInForce(db: Knex, residentId: string): Promise<ServiceInForce[]> {
  const { rows } = await db.raw<{
    rows: (Omit<ServiceInForce, 'provided'> & { provided: string })[]
  }>(
    `select sv.body -> 'names' as names, mv.body -> 'names' as "memberNames", a.started_at as since,
       count(p.id) as provided, max(p.at) as "lastAt"
     from agreements a
     join lateral (select member_id from consents
       where agreement_id = a.id order by version desc limit 1) c on true
     join lateral (select body from service_versions
       where service_id = a.service_id order by version desc limit 1) sv on true
     join lateral (select body from member_versions
       where member_id = c.member_id order by version desc limit 1) mv on true
     left join provision_records p on p.resident_id = a.resident_id and p.agreement_id = a.id
     where a.resident_id = :residentId and a.ended_at is null
     group by a.id, a.started_at, sv.body, mv.body
     order by a.started_at`,
    { residentId },
  )
  return rows.map((row) => ({ ...row, provided: Number(row.provided) }))
}

/** How many agreements and provisions there ever were. */
export async function countsOf(
  db: Knex,
  residentId: string,
): Promise<{ agreements: number; provisions: number }> {
  const { rows } = await db.raw<{ rows: { agreements: string; provisions: string }[] }>(
    `select (select count(*) from agreements where resident_id = :residentId) as agreements,
       (select count(*) from provision_records where resident_id = :residentId) as provisions`,
    { residentId },
  )
  return { agreements: Number(rows[0]?.agreements), provisions: Number(rows[0]?.provisions) }
}
