import * as audit from '../audit/actions.ts'
import { canonical, commitment, evidence, type Json } from '../audit/model.ts'
import { isItemId, type ItemId } from '../catalogue/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { claimsOf, type Resident, type Terms } from '../residents/model.ts'
import { standing as serviceStanding, subjectOf, type ServiceItem } from '../services/model.ts'
import { seal, unseal } from '../vault.ts'
import {
  isAsleep,
  isInForce,
  isSameOffer,
  narrowingFault,
  offerFacts,
  reasonToAsk,
  type AskReason,
  type Agreement,
  type Consent,
  type Narrowing,
  type Offer,
  type Standing,
} from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/** The newest agreement between a resident and a service, ended ones included. */
export function newest(
  env: Env,
  residentId: string,
  serviceId: string,
): Promise<Standing | undefined> {
  return store.newest(env.db, residentId, serviceId)
}

/**
 * The facts of one agreement for the release decision.
 *
 * @param hold inside a transaction: withdrawal and change wait until it ends, so what is recorded is what left (K8)
 */
export async function facts(
  env: Env,
  agreementId: string,
  sessionUid: string | null,
  hold: boolean,
): Promise<queries.StandingFacts | undefined> {
  if (hold) await store.lockShared(env.db, agreementId)
  return queries.factsOf(env.db, agreementId, sessionUid)
}

export type Asking = {
  reason: AskReason | undefined
  last: Standing | undefined
  provision: Terms | undefined
}

/** Whether the resident must be asked about this offer, and why. */
export async function asking(env: Env, resident: Resident, offer: Offer): Promise<Asking> {
  const [last, provision] = await Promise.all([
    store.newest(env.db, resident.id, offer.service.service.id),
    residents.provisionTerms(env, resident.id),
  ])
  const at = env.now()
  const differ =
    last && isInForce(last, provision, at)
      ? (await changedValues(env, resident, last)).length > 0
      : false
  return { reason: reasonToAsk(last, offer, provision, at, differ), last, provision }
}

/** Agreed items whose value differs from the one shown at the agreement. */
export async function changedValues(
  env: Env,
  resident: Resident,
  last: Standing,
): Promise<ItemId[]> {
  if (!last.consent.showingId) return []
  const shown = await store.showing(env.db, last.consent.showingId)
  if (!shown) return []
  const salt = unseal(resident.dataKey, shown.salt, `showing:${shown.id}`)
  const { values } = JSON.parse(shown.canonical) as { values: Record<string, string | null> }
  return last.consent.items
    .filter(
      ({ item }) =>
        item !== 'user_id' && (values[item] ?? null) !== valueCommitment(salt, item, resident),
    )
    .map(({ item }) => item)
}

function valueCommitment(salt: Buffer, item: ItemId, resident: Resident): string | null {
  const claims = claimsOf(item, resident.profile, resident.emailVerifiedAt !== null)
  return Object.keys(claims).length ? commitment(salt, canonical(claims as Json)) : null
}

export type Showing = {
  id: string
  resident: Resident
  offer: Offer
  reason: AskReason
  interactionUid: string | null
  language: Language
  pageHash: Buffer
}

/** Records that the screen was served: what stood on it, in which text, with commitments to the values (S-28, P-02). */
export async function recordShowing(env: Env, showing: Showing): Promise<void> {
  const { id, resident, offer, language } = showing
  const shownAt = env.now()
  const salt = Buffer.from(env.newSecret(), 'base64url')
  const values: Record<string, string | null> = {}
  for (const { item } of offer.items) {
    values[item] =
      item === 'user_id'
        ? commitment(salt, subjectOf(env.secrets.pairwise, resident.userId, offer.service))
        : valueCommitment(salt, item, resident)
  }
  await store.insertShowing(env.db, {
    id,
    residentId: resident.id,
    serviceId: offer.service.service.id,
    interactionUid: showing.interactionUid,
    reason: showing.reason,
    canonical: canonical({
      id,
      shown_at: shownAt.toISOString(),
      subject: commitment(salt, resident.id),
      reason: showing.reason,
      language,
      template_hash: offer.template.hash[language].toString('hex'),
      page_hash: showing.pageHash.toString('hex'),
      ends_at: offer.endsAt.toISOString(),
      offer: offerFacts(offer),
      values,
    }),
    pageHash: showing.pageHash,
    salt: seal(resident.dataKey, salt, `showing:${id}`),
    shownAt,
  })
}

export type Answer = {
  resident: Resident
  /** The offer as it stands now; must equal the one that was shown. */
  offer: Offer
  showingId: string
  /** The interaction answered in, or null on the resident's own pages. */
  interactionUid: string | null
}

/**
 * Agrees to a showing, with the optional items ticked. Repeating the same answer changes nothing (F4).
 *
 * @returns the consent in force; undefined where this showing had been refused before
 * @throws Refusal wrong_state (stale: show anew), invalid_input (an item not offered, a value missing),
 *   interaction_foreign, service_not_available, contract_not_in_force
 */
export function give(
  env: Env,
  answer: Answer,
  picked: readonly string[],
): Promise<Consent | undefined> {
  return atomically(env, async (env) => {
    const shown = await shownToThem(env, answer)
    const at = later(env.now(), shown.shownAt)
    if (!(await store.answer(env.db, shown.id, 'agree', at))) return alreadyAnswered(env, answer)
    mustStand(answer.offer, env.now())
    if (!isSameOffer(shown.canonical, answer.offer))
      throw new Refusal('wrong_state', { code: 'stale_showing' })
    const items = chosen(answer, picked)
    const provision = await residents.provisionTerms(env, answer.resident.id)
    if (!provision?.given) throw new Refusal('wrong_state', { code: 'provision_off' })
    const { agreement, version, last } = await agreementFor(env, answer, provision, at)
    const { language, ends_at } = JSON.parse(shown.canonical) as {
      language: Language
      ends_at: string
    }
    const consent: Consent = {
      ...common(answer.offer, answer.resident),
      id: env.newId(),
      agreementId: agreement.id,
      version,
      kind: version === 1 ? 'given' : 'changed',
      templateHash: answer.offer.template.hash[language],
      language,
      showingId: shown.id,
      pageHash: shown.pageHash,
      shownAt: shown.shownAt,
      agreedAt: at,
      items: items.map(({ item, itemVersion, purposes, required }) => ({
        item,
        itemVersion,
        purposes,
        required,
      })),
      declined: declinedNow(answer.offer, items, last?.consent.declined ?? []),
      endsAt: new Date(ends_at),
      deletionRequested: false,
    }
    await write(env, answer.resident, consent)
    return consent
  })
}

/** What was offered and not ticked, and what had been declined earlier and was not asked this time. */
function declinedNow(
  offer: Offer,
  items: readonly ServiceItem[],
  before: readonly string[],
): string[] {
  const offered = offer.items.map((o) => o.item as string)
  const unticked = offer.items.filter((o) => !items.includes(o)).map((o) => o.item)
  return [...unticked, ...before.filter((id) => !offered.includes(id))]
}

/** An answer comes after its showing, also within one tick of the clock. */
const later = (now: Date, shownAt: Date) => (now > shownAt ? now : new Date(shownAt.getTime() + 1))

async function shownToThem(env: Env, answer: Answer): Promise<store.ShowingRow> {
  const shown = await store.showing(env.db, answer.showingId)
  if (
    !shown ||
    shown.residentId !== answer.resident.id ||
    shown.serviceId !== answer.offer.service.service.id ||
    shown.interactionUid !== answer.interactionUid
  ) {
    throw new Refusal('interaction_foreign', { code: 'foreign_showing' })
  }
  return shown
}

async function alreadyAnswered(env: Env, answer: Answer): Promise<Consent | undefined> {
  if ((await store.answerOf(env.db, answer.showingId)) === 'refuse') return undefined
  const last = await store.newest(env.db, answer.resident.id, answer.offer.service.service.id)
  if (last?.consent.showingId !== answer.showingId || last.agreement.endedAt)
    throw new Refusal('already_answered')
  return last.consent
}

function mustStand(offer: Offer, at: Date): void {
  const standing = serviceStanding(offer.service, at)
  if (standing !== 'ok') throw new Refusal(standing)
  if (!offer.items.some((item) => item.item === 'user_id')) throw new Refusal('item_over_ceiling')
}

/** Required items and the ticked optional ones; each tick must be an optional item of the offer, once (F3). */
function chosen(answer: Answer, picked: readonly string[]): ServiceItem[] {
  const { offer, resident } = answer
  const optional = offer.items.filter((item) => !item.required)
  const unknown = picked.filter(
    (id, n) => !isItemId(id) || !optional.some((o) => o.item === id) || picked.indexOf(id) !== n,
  )
  if (unknown.length)
    throw new Refusal('invalid_input', { fields: { item: 'unknown' }, code: 'item_not_offered' })
  const items = offer.items.filter((item) => item.required || picked.includes(item.item))
  const missing = items.filter(
    ({ item }) => item !== 'user_id' && !Object.keys(claimsOf(item, resident.profile, true)).length,
  )
  if (missing.length) {
    throw new Refusal('invalid_input', {
      fields: Object.fromEntries(missing.map(({ item }) => [item, 'value_missing'])),
      code: 'value_missing',
    })
  }
  return items
}

/** The agreement this answer belongs to: the one in force, or a new one where none is, or where it slept or ran out. */
async function agreementFor(
  env: Env,
  answer: Answer,
  provision: Terms,
  at: Date,
): Promise<{ agreement: Agreement; version: number; last?: Standing }> {
  const ids = [answer.resident.id, answer.offer.service.service.id] as const
  for (;;) {
    const inForce = await store.lockInForce(env.db, ...ids)
    if (inForce) {
      const last = await store.newest(env.db, ...ids)
      if (!last) throw new Error('an agreement without a consent')
      const other =
        last.consent.memberId !== answer.offer.service.member.id ||
        last.consent.subjectType !== answer.offer.subjectType
      if (!other && isInForce(last, provision, at))
        return { agreement: inForce, version: last.consent.version + 1, last }
      await store.end(
        env.db,
        inForce.id,
        isAsleep(inForce, provision) || other ? 'superseded' : 'expired',
        at,
      )
    }
    const begun = await store.begin(env.db, {
      id: env.newId(),
      residentId: ids[0],
      serviceId: ids[1],
      startedAt: at,
      endedAt: null,
      endKind: null,
    })
    if (begun) return { agreement: begun, version: 1 }
  }
}

function common(offer: Offer, resident: Resident) {
  const { service, version, member, contract } = offer.service
  return {
    residentId: resident.id,
    serviceId: service.id,
    memberId: member.id,
    serviceVersionId: version.id,
    contractVersionId: contract.id,
    template: offer.template.template,
    templateVersion: offer.template.version,
    subjectType: offer.subjectType,
  }
}

/** Appends a consent version with its evidence and audit line. */
async function write(env: Env, resident: Resident, consent: Consent): Promise<void> {
  const salt = Buffer.from(env.newSecret(), 'base64url')
  const sealed = evidence({
    id: consent.id,
    event: consent.kind,
    agreement: consent.agreementId,
    version: consent.version,
    subject: commitment(salt, consent.residentId),
    service: consent.serviceId,
    member: consent.memberId,
    service_version: consent.serviceVersionId,
    contract_version: consent.contractVersionId,
    template: consent.template,
    template_version: consent.templateVersion,
    template_hash: consent.templateHash.toString('hex'),
    language: consent.language,
    showing: consent.showingId,
    page_hash: consent.pageHash?.toString('hex') ?? null,
    shown_at: consent.shownAt?.toISOString() ?? null,
    agreed_at: consent.agreedAt.toISOString(),
    items: consent.items.map((i) => ({
      item: i.item,
      version: i.itemVersion,
      purposes: i.purposes,
      required: i.required,
    })),
    declined: consent.declined,
    subject_type: consent.subjectType,
    ends_at: consent.endsAt.toISOString(),
    deletion_requested: consent.deletionRequested,
  })
  await store.insertConsent(
    env.db,
    consent,
    seal(resident.dataKey, salt, `consent:${consent.id}`),
    sealed,
  )
  await audit.record(env, {
    actor: { kind: 'resident', id: resident.id },
    act: `consents.${consent.kind}`,
    object: { kind: 'agreement', id: consent.agreementId },
    details: {
      service: consent.serviceId,
      version: consent.version,
      items: consent.items.map((i) => i.item),
    },
  })
}

/**
 * Refuses a showing: nothing is granted, the refusal is audited (F12). Where it had been agreed to before,
 * the agreement stands and `false` comes back.
 */
export function refuse(env: Env, answer: Answer): Promise<boolean> {
  return atomically(env, async (env) => {
    const shown = await shownToThem(env, answer)
    const won = await store.answer(env.db, shown.id, 'refuse', later(env.now(), shown.shownAt))
    if (!won) return (await store.answerOf(env.db, shown.id)) === 'refuse'
    await audit.record(env, {
      actor: { kind: 'resident', id: answer.resident.id },
      act: 'consents.refused',
      object: { kind: 'service', id: shown.serviceId },
      details: { showing: shown.id },
    })
    return true
  })
}

/**
 * Withdraws: one row added, the agreement ends, nothing issued before ever works again (rule 4).
 *
 * @returns the withdrawing version
 * @throws Refusal consent_not_found where no agreement is in force
 */
export function withdraw(
  env: Env,
  resident: Resident,
  serviceId: string,
  deletion = false,
): Promise<Consent> {
  return stop(env, resident, serviceId, 'withdrawn', deletion)
}

/** Pauses: nothing flows; resuming asks again and begins a new agreement. @throws Refusal consent_not_found */
export function pause(env: Env, resident: Resident, serviceId: string): Promise<Consent> {
  return stop(env, resident, serviceId, 'paused')
}

function stop(
  env: Env,
  resident: Resident,
  serviceId: string,
  kind: 'withdrawn' | 'paused',
  deletionRequested = false,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const last = await lockedStanding(env, resident, serviceId)
    const at = env.now()
    await store.end(env.db, last.agreement.id, kind, at)
    const consent: Consent = {
      ...last.consent,
      id: env.newId(),
      version: last.consent.version + 1,
      kind,
      shownAt: null,
      agreedAt: at,
      items: [],
      declined: [],
      deletionRequested,
    }
    await write(env, resident, consent)
    return consent
  })
}

async function lockedStanding(env: Env, resident: Resident, serviceId: string): Promise<Standing> {
  const inForce = await store.lockInForce(env.db, resident.id, serviceId)
  const last = inForce && (await store.newest(env.db, resident.id, serviceId))
  if (!last) throw new Refusal('consent_not_found')
  return last
}

/** Withdraws from everything in force, one transaction. Returns the services withdrawn from. */
export function withdrawAll(env: Env, resident: Resident, deletion = false): Promise<Consent[]> {
  return atomically(env, async (env) => {
    const done: Consent[] = []
    for (const serviceId of await store.servicesInForce(env.db, resident.id))
      done.push(await withdraw(env, resident, serviceId, deletion))
    return done
  })
}

/**
 * Narrows a consent in force: leaves optional items out, or ends earlier. Acts at once on live tokens.
 *
 * @returns the version in force; the same one where nothing was narrowed
 * @throws Refusal invalid_input with a field and a rule, wrong_state where another version is in force, consent_not_found
 */
export function change(
  env: Env,
  resident: Resident,
  serviceId: string,
  asked: Narrowing,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const { consent: before } = await lockedStanding(env, resident, serviceId)
    if (before.version !== asked.version)
      throw new Refusal('wrong_state', { code: 'other_version' })
    const fault = narrowingFault(before, asked, env.now())
    if (fault) throw new Refusal('invalid_input', { fields: { [fault.field]: fault.rule } })
    const dropped = before.items
      .filter((item) => !asked.keep.includes(item.item))
      .map((item) => item.item)
    const endsAt = asked.endsAt ?? before.endsAt
    if (!dropped.length && endsAt.getTime() === before.endsAt.getTime()) return before
    const consent: Consent = {
      ...before,
      id: env.newId(),
      version: before.version + 1,
      kind: 'changed',
      shownAt: null,
      agreedAt: env.now(),
      items: before.items.filter((item) => asked.keep.includes(item.item)),
      declined: [...before.declined, ...dropped],
      endsAt,
    }
    await write(env, resident, consent)
    return consent
  })
}
