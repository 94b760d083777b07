/** Evidence of long ago, which the product itself writes only now: a record of provision with all that seals it. */
import { commitment, evidence } from '../../src/audit/model.ts'
import type { Env } from '../../src/env.ts'
import type { MadeService } from './builders.ts'

export type Released = {
  /** Of rows that are there. */
  resident: string
  agreement: string
  service: MadeService
}

/** A record of provision at a moment of any time; the month's partition is the caller's. */
export async function insertRecord(
  { db, newId }: Env,
  moment: Date,
  { resident, agreement, service }: Released,
): Promise<string> {
  const id = newId()
  const at = moment.toISOString()
  const salt = Buffer.alloc(32, 5)
  const ids = {
    agreement,
    consent: agreement,
    service: service.id,
    member: service.memberId,
    service_version: agreement,
    contract_version: agreement,
  }
  const said = { path: 'userinfo', items: ['name'], purposes: ['service_delivery'] }
  const sealed = evidence({
    ...{ event: 'provision', id, at, resident: commitment(salt, resident), ...ids, ...said },
  })
  await db('provision_records').insert({
    ...{ id, at, resident_id: resident, ...said, salt },
    ...Object.fromEntries(Object.entries(ids).map(([name, value]) => [`${name}_id`, value])),
    canonical: sealed.canonical,
    leaf_hash: sealed.leafHash,
  })
  return id
}

/** Somebody who agreed to something at that moment, as bare rows. */
export async function insertAgreement({ db, newId }: Env, at: Date, service: MadeService) {
  const [resident, agreement] = [newId(), newId()]
  const row = { id: resident, user_id: `MC-${resident.slice(0, 8)}`, language: 'ja' }
  await db('residents').insert({ ...row, language_chosen: true, created_at: at })
  await db('agreements').insert({
    ...{ id: agreement, resident_id: resident, service_id: service.id, started_at: at },
  })
  return { resident, agreement, service }
}
