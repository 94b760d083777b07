import { commitment, evidence } from '../audit/model.ts'
import type { ItemId } from '../catalogue/model.ts'
import * as consents from '../consents/actions.ts'
import type { Standing } from '../consents/model.ts'
import type { Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import { seal } from '../vault.ts'
import { counted, release, type Facts, type Provision, type Pulls, type WhyNot } from './model.ts'
import * as store from './store.ts'

export type Credential = {
  agreementId: string
  /** The browser session the credential came from; null where none is involved. */
  sessionUid: string | null
  /** Inside a transaction: the agreement cannot be withdrawn or changed until it ends (K8). */
  hold: boolean
}

/**
 * Reads the facts of a release at the moment of use.
 *
 * @param known services this request has read already
 */
export async function factsOf(
  env: Env,
  credential: Credential,
  known: readonly ServiceNow[] = [],
): Promise<Facts> {
  const found = await consents.facts(
    env,
    credential.agreementId,
    credential.sessionUid,
    credential.hold,
  )
  const serviceId = found?.standing.agreement.serviceId
  const service =
    known.find((s) => s.service.id === serviceId) ??
    (serviceId ? await services.byId(env, serviceId) : undefined)
  const bounded = counted(found?.standing, service)
  return {
    ...(bounded.length &&
      found && { pulls: await pulls(env, found.standing, bounded, credential) }),
    at: env.now(),
    standing: found?.standing,
    userId: found?.userId,
    testMemberId: found?.testMemberId ?? null,
    provision: found?.provision,
    sessionLive: found?.sessionLive,
    service: service && found && withStatuses(service, found.statuses),
  }
}

/** What was read before the gate may have been stopped while this request waited there (K8). */
function withStatuses(now: ServiceNow, statuses: consents.Statuses): ServiceNow {
  return {
    ...now,
    service: { ...now.service, status: statuses.service },
    member: { ...now.member, status: statuses.member },
  }
}

/**
 * How often bounded items left to a service this month. Where the request is to release, others that would count the
 * same wait until it ends: of fifty at once no more get an item than its bound allows.
 */
async function pulls(
  env: Env,
  { agreement }: Standing,
  items: readonly ItemId[],
  { hold }: Credential,
): Promise<Pulls> {
  if (hold) await store.lockPulls(env.db, agreement)
  const counts = await store.pulls(env.db, agreement, monthOf(env.now()))
  return Object.fromEntries(items.map((item) => [item, counts.get(item) ?? 0]))
}

/** When the calendar month in Asia/Tokyo began. */
const monthOf = (at: Date) => new Date(`${dayOf(at).slice(0, 7)}-01T00:00:00+09:00`)

/**
 * Writes the provision record, in the transaction that commits before the bytes leave (rule 2).
 *
 * @throws Error where an item would leave that release() does not allow: nothing leaves then
 */
export async function record(
  env: Env,
  resident: Resident,
  facts: Facts,
  provision: Provision,
): Promise<void> {
  const { standing, service } = facts
  const decision = release(facts)
  const allowed = decision.items.map((item) => item.item)
  if (!standing || !service || !provision.items.every((item) => allowed.includes(item))) {
    throw new Error('an item was about to leave without a decision')
  }
  const { consent } = standing
  const purposes = purposesOf(
    decision.items.filter((agreed) => provision.items.includes(agreed.item)),
  )
  const row: store.ProvisionRecord = {
    id: env.newId(),
    at: env.now(),
    residentId: resident.id,
    serviceId: consent.serviceId,
    memberId: consent.memberId,
    agreementId: consent.agreementId,
    consentId: consent.id,
    serviceVersionId: service.version.id,
    contractVersionId: service.contract.id,
    path: provision.path,
    items: provision.items,
    purposes,
    withheld: Object.keys(provision.withheld ?? {}).length ? (provision.withheld ?? null) : null,
  }
  const salt = Buffer.from(env.newSecret(), 'base64url')
  await store.insert(
    env.db,
    row,
    seal(resident.dataKey, salt, `provision:${row.id}`),
    entryOf(row, salt),
  )
}

function purposesOf(items: readonly { purposes: string[] }[]): string[] {
  return [...new Set(items.flatMap((item) => item.purposes))].sort()
}

function entryOf(row: store.ProvisionRecord, salt: Buffer) {
  return evidence({
    id: row.id,
    event: 'provision',
    at: row.at.toISOString(),
    subject: commitment(salt, row.residentId),
    service: row.serviceId,
    member: row.memberId,
    agreement: row.agreementId,
    consent: row.consentId,
    service_version: row.serviceVersionId,
    contract_version: row.contractVersionId,
    path: row.path,
    items: row.items,
    purposes: row.purposes,
    ...(row.withheld && { withheld: row.withheld }),
  })
}

/**
 * Keeps that a service asked and was given nothing: once a day for each reason, so that a service that never stops asking
 * writes nothing more. Without an agreement there is nobody to keep it for.
 */
export async function noteRefusal(env: Env, facts: Facts, why: WhyNot): Promise<void> {
  if (!facts.standing) return
  const { residentId, serviceId } = facts.standing.agreement
  const at = env.now()
  await store.insertRefusal(env.db, {
    id: env.newId(),
    residentId,
    serviceId,
    day: dayOf(at),
    why,
    at,
  })
}

/** Which items a set of claims carries; claims of the protocol itself carry none. */
export function itemsIn(
  claims: object,
  catalogue: readonly { id: ItemId; claims: string[] }[],
): ItemId[] {
  return catalogue
    .filter((item) => item.claims.some((claim) => claim in claims))
    .map((item) => item.id)
}

/** Makes the partitions of this month and the next three. */
export async function preparePartitions(env: Env): Promise<void> {
  for (let ahead = 0; ahead < 4; ahead++) {
    const now = env.now()
    await store.ensurePartition(
      env.db,
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)),
    )
  }
}
