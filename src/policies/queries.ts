import type { Knex } from 'knex'
import type { Both } from '../installation.ts'
import type { Language } from '../locales/index.ts'

/** One answer of a resident to one text. */
export type AgreedRow = {
  template: string
  version: number
  language: Language
  /** Hex, as it stands in the record. */
  hash: string
  at: Date
  /** A consent to a service, or one of the consents at sign-up and to new terms. */
  what: 'service' | 'provision' | 'collection' | 'terms'
  given: boolean
  serviceId: string | null
  serviceNames: Both | null
  showingId: string | null
  receiptId: string | null
}

/** Every answer to a text that was shown, newest first; `limit` at most. */
export async function agreed(db: Knex, residentId: string, limit: number): Promise<AgreedRow[]> {
  const { rows } = await db.raw<{ rows: AgreedRow[] }>(
    `select * from (
       select c.template, c.template_version as version, c.language,
         encode(c.template_hash, 'hex') as hash, c.agreed_at as at, 'service' as what, true as given,
         c.service_id as "serviceId", v.body -> 'names' as "serviceNames",
         c.showing_id as "showingId", c.id as "receiptId"
       from consents c join service_versions v on v.id = c.service_version_id
       where c.resident_id = :residentId and c.kind in ('given', 'changed')
         and c.showing_id is not null
         and not exists (select from consents o where o.agreement_id = c.agreement_id
           and o.showing_id = c.showing_id and o.version < c.version)
       union all
       select t.template, t.template_version, t.language, encode(t.template_hash, 'hex'), t.at,
         t.kind, t.given, null, null, null, null
       from resident_terms t where t.resident_id = :residentId
     ) answers order by at desc, what, "receiptId" limit :limit`,
    { residentId, limit },
  )
  return rows
}
