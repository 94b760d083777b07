import type { Knex } from 'knex'

/** When a service was registered, began and ended; the days that its registration shows (I-11, S-18). */
export type Life = {
  id: string
  registeredAt: Date
  startedAt: Date | null
  endedAt: Date | null
  /** Newest version, and when it was written. */
  version: number
  changedAt: Date
}

/** The life of every service. */
export async function lives(db: Knex): Promise<Map<string, Life>> {
  const { rows } = await db.raw<{ rows: Life[] }>(
    `select s.id, coalesce(min(c.at) filter (where c.status in ('approved', 'live')), s.created_at) as "registeredAt",
       min(c.at) filter (where c.status = 'live') as "startedAt",
       coalesce(max(c.at) filter (where c.status = 'ended'),
         (select max(m.at) from member_status_changes m
           where m.member_id = s.member_id and m.status in ('excluded', 'left'))) as "endedAt",
       v.version, v.created_at as "changedAt"
     from services s
     left join service_status_changes c on c.service_id = s.id
     join lateral (select version, created_at from service_versions v
       where v.service_id = s.id order by version desc limit 1) v on true
     group by s.id, v.version, v.created_at`,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** When each version of a service came into force, newest first: 変更の届出 (I-11). */
export async function versions(
  db: Knex,
  serviceId: string,
): Promise<{ version: number; at: Date }[]> {
  return db('service_versions')
    .where({ service_id: serviceId })
    .orderBy('version', 'desc')
    .select('version', 'created_at as at')
}

/** SHA-256 over what a contract version says. */
export async function contractHash(db: Knex, versionId: string): Promise<Buffer> {
  const row = await db('contract_versions')
    .where({ id: versionId })
    .first<{ body_hash: Buffer } | undefined>('body_hash')
  if (!row) throw new Error('a service without a contract version')
  return row.body_hash
}
