/** Many residents with consents and provisions, written as rows: for what must work with some hundred thousand. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Env } from '../../src/env.ts'
import { emailIndex, sealedProfile, wrapped } from '../../src/residents/accounts.ts'
import { newUserId } from '../../src/residents/model.ts'
import { markDemo, type MadeService } from './builders.ts'

export type Crowd = { residents: string[]; provisions: number }

export type CrowdAsked = {
  persons: number
  /** Provisions of each person. */
  times: number
  items?: string[]
  /** Of the first provision; each later one of a person comes a day after. */
  from?: Date
}

const AT_ONCE = 1000

/** Residents with an address confirmed, who agreed to this service once and were provided for some times. */
export async function makeCrowd(env: Env, service: MadeService, asked: CrowdAsked): Promise<Crowd> {
  await markDemo(env)
  const versions = await versionsOf(env, service)
  const residents: string[] = []
  while (residents.length < asked.persons) {
    const count = Math.min(AT_ONCE, asked.persons - residents.length)
    residents.push(...(await piece(env, service, { ...asked, persons: count }, versions)))
  }
  return { residents, provisions: asked.persons * asked.times }
}

async function versionsOf(env: Env, { id, contractId }: MadeService) {
  const service = await env.db('service_versions').where({ service_id: id }).first<{ id: string }>()
  const contract = await env
    .db('contract_versions')
    .where({ contract_id: contractId })
    .first<{ id: string }>()
  return { service: service?.id ?? '', contract: contract?.id ?? '' }
}

async function piece(
  env: Env,
  service: MadeService,
  {
    persons,
    times,
    items = ['user_id', 'name', 'email'],
    from = new Date('2026-06-01'),
  }: CrowdAsked,
  versions: { service: string; contract: string },
): Promise<string[]> {
  const rows = Array.from({ length: persons }, () => {
    const id = randomUUID()
    const key = randomBytes(32)
    const email = `p${randomBytes(6).toString('hex')}@example.jp`
    const names = { family_name: '田中', given_name: '一' }
    return {
      id,
      user_id: newUserId(randomBytes(20)),
      email_index: emailIndex(env, email),
      email_verified_at: from,
      data_key: wrapped(env, id, key),
      profile: sealedProfile(id, key, {
        email,
        ...names,
        postal_code: '0600001',
        region: '北海道',
        locality: '札幌市中央区',
      }),
      language: 'ja' as const,
      created_at: from,
    }
  })
  await env.db.batchInsert('residents', rows, 500)
  const ids = rows.map(({ id }) => id)
  const agreed = items.map((item) => ({
    item,
    itemVersion: 1,
    purposes: ['service_delivery'],
    required: true,
  }))
  const bound = {
    ids,
    service: service.id,
    member: service.memberId,
    version: versions.service,
    contract: versions.contract,
    from,
    times,
    items,
    agreed: JSON.stringify(agreed),
  }
  await env.db.raw(
    `with a as (insert into agreements (id, resident_id, service_id, started_at)
       select gen_random_uuid(), x, :service, :from from unnest(:ids::uuid[]) x returning *),
     c as (insert into consents (id, agreement_id, version, kind, resident_id, service_id, member_id, service_version_id,
         contract_version_id, template, template_version, template_hash, language, agreed_at, items, declined,
         subject_type, ends_at, salt, canonical, leaf_hash)
       select gen_random_uuid(), a.id, 1, 'given', a.resident_id, a.service_id, :member, :version, :contract,
         'city-platform', 1, '\\x00', 'ja', :from, :agreed, '{}', 'public', '2030-04-01', '\\x00', '', '\\x00' from a
       returning *)
     insert into provision_records (id, at, resident_id, service_id, member_id, agreement_id, consent_id,
       service_version_id, contract_version_id, path, items, purposes, salt, canonical, leaf_hash)
     select gen_random_uuid(), :from::timestamptz + n * interval '1 day', c.resident_id, c.service_id, c.member_id,
       c.agreement_id, c.id, c.service_version_id, c.contract_version_id, 'userinfo', :items::text[],
       '{service_delivery}', '\\x00', '', '\\x00'
     from c, generate_series(1, :times::int) n`,
    bound,
  )
  return ids
}
