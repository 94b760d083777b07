/** Services on their way: a draft as staff write it, handed in, and what a registrar finds of it. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { Env } from '../../src/env.ts'
import type { Person } from '../../src/persons.ts'
import * as reviews from '../../src/reviews/actions.ts'
import type { Proposal } from '../../src/reviews/model.ts'
import { CLAUSES } from '../../src/services/clauses.ts'
import type { ServiceDraft } from '../../src/services/draft_schema.ts'
import { bodyOfReview, type ItemResult } from '../../src/services/review_model.ts'
import type { MadeService } from './builders.ts'

const both = (ja: string, en = ja) => ({ ja, en })

function publicKey(): { keys: object[] } {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256' }] }
}

let count = 0

/** A whole draft under the company's contract; `items` by id, the user ID always first. */
export async function draftOf(
  env: Env,
  company: Pick<MadeService, 'contractId'>,
  changes: Partial<ServiceDraft> = {},
): Promise<ServiceDraft> {
  const n = ++count
  const contract = await env.db('contracts').where({ id: company.contractId }).first('number')
  const word = randomBytes(4).toString('hex')
  return {
    key: `walk-${n}`,
    contract: contract.number,
    kind: 'third_party',
    names: { ja: `散歩${word}`, en: `Strolling ${word}`, kana: 'サンポ' },
    descriptions: both('街を歩くサービスです。', 'A service for walking.'),
    contact: {
      desk: both('お客様窓口', 'Help desk'),
      phone: '0570-000-000',
      email: 'desk@company.example',
    },
    retention: both('利用を終えてから1年', 'One year after you stop'),
    termsUrl: 'https://company.example/terms',
    termsVersion: '2026-04',
    termsSha256: 'a'.repeat(64),
    policyUrl: 'https://company.example/privacy',
    policyVersion: '2026-04',
    policySha256: 'b'.repeat(64),
    clauses: Object.fromEntries(CLAUSES.map((clause, k) => [clause, `第${k + 1}条`])),
    client: { redirectUris: ['https://walk.company.example/callback'], jwks: publicKey() },
    items: [
      item('user_id', true),
      item('name', true),
      item('email', true),
      item('birth_year', false),
    ],
    ...changes,
  } as ServiceDraft
}

export function item(
  id: string,
  required: boolean,
  purposes = ['service_delivery'],
): ServiceDraft['items'][number] {
  return {
    item: id,
    purposes,
    required,
    reasons: both(`${id}が必要な理由`, `why ${id}`),
    effects: both(`${id}を選ばないと`, `without ${id}`),
  }
}

/** Handed in by staff: a new service, or the next version of `serviceId`. */
export async function handIn(
  env: Env,
  asked: ServiceDraft,
  { memberId, by, serviceId = randomUUID() }: { memberId: string; by: Person; serviceId?: string },
): Promise<Proposal> {
  const body = bodyOfReview({ asked })
  const drafted = await reviews.draft(env, {
    kind: 'service',
    subjectId: serviceId,
    memberId,
    body,
    by,
  })
  return reviews.submit(env, { id: drafted.id, hash: drafted.hash, by })
}

/** Everything approved as it was asked; `changes` by item. */
export function allApproved(
  asked: ServiceDraft,
  changes: Record<string, Partial<ItemResult>> = {},
): Record<string, ItemResult> {
  return Object.fromEntries(
    asked.items.map((one): [string, ItemResult] => [
      one.item,
      {
        result: 'approved',
        note: '',
        purposes: one.purposes,
        required: one.required,
        ...changes[one.item],
      },
    ]),
  )
}

export const allFound = () =>
  CLAUSES.map((clause, n) => ({ clause, found: true, place: `第${n + 1}条` }))
