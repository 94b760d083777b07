/** Contracts with flows both ways and the people on both sides, for tests of duties. */
import { randomUUID } from 'node:crypto'
import type { Env } from '../../src/env.ts'
import type { Actor } from '../../src/duties/model.ts'
import { makeService, type MadeService } from './builders.ts'
import { makeOperator, makeStaff, type SignedInPerson } from './people.ts'

export type Pair = {
  service: MadeService
  memberId: string
  /** The consortium gives registered items; the company is bound. */
  given: string
  /** The company gives a dataset; the consortium is bound. */
  collected: string
  staff: SignedInPerson
  developer: SignedInPerson
  registrar: SignedInPerson
  approver: SignedInPerson
  officer: SignedInPerson
  member: Actor
  consortium: Actor
}

/** What a usage report says, filled in. */
export const USAGE_REPORT = {
  usage: 'あ',
  persons_range: 'い',
  onward: 'none',
  safety: 'う',
  deletion: 'え',
}

/** A company under a contract with a flow each way, and everybody who has to do with its duties. */
export async function makePair(env: Env, terms: object = {}): Promise<Pair> {
  const service = await makeService(env)
  const { contractId, memberId } = service
  const versionId = randomUUID()
  const starts_at = new Date('2026-04-01T00:00:00+09:00')
  const ends_at = new Date('2030-04-01T00:00:00+09:00')
  const body = { dataContent: '登録データ', ...terms }
  await env.db('contract_versions').insert({
    ...{ id: versionId, contract_id: contractId, version: 2, starts_at, ends_at },
    ...{ subject_type: 'public', offline_access: true, body: JSON.stringify(body) },
    ...{ body_hash: Buffer.from(versionId), created_at: env.now() },
  })
  const [given, collected] = [randomUUID(), randomUUID()]
  const flow = { contract_version_id: versionId, delivery: 'OpenID Connect', starts_at, ends_at }
  await env.db('contract_flows').insert([
    {
      ...{ ...flow, id: given, position: 1, giver: 'consortium', receiver: 'member' },
      ...{ items: ['user_id', 'name', 'email'], dataset: null, purposes: ['service_delivery'] },
    },
    {
      ...{ ...flow, id: collected, position: 2, giver: 'member', receiver: 'consortium' },
      ...{ items: [], dataset: 'walking_log', purposes: ['city_platform'] },
    },
  ])
  const staff = await makeStaff(env, memberId)
  const registrar = await makeOperator(env, ['registrar'])
  return {
    ...{ service, memberId, given, collected, staff, registrar },
    developer: await makeStaff(env, memberId, 'developer'),
    approver: await makeOperator(env, ['approver']),
    officer: await makeOperator(env, ['privacy_officer']),
    member: { side: 'member', person: staff.person, memberId },
    consortium: { side: 'consortium', person: registrar.person },
  }
}
