import * as audit from '../audit/actions.ts'
import { isItemId } from '../catalogue/model.ts'
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { claimsOf, type Resident, type Terms } from '../residents/model.ts'
import { standing as serviceStanding, type ServiceItem } from '../services/model.ts'
import {
  isAsleep,
  isInForce,
  isSameOffer,
  reasonToAsk,
  type AgreedItem,
  type AskReason,
  type Agreement,
  type Consent,
  type Offer,
  type Standing,
} from './model.ts'
import { plan } from './digest.ts'
import { tellAgreed } from './letters.ts'
import * as queries from './queries.ts'
import { changedValues, differing } from './showing.ts'
import * as store from './store.ts'
import { write } from './writing.ts'

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
  if (hold) await queries.hold(env.db, agreementId)
  return queries.factsOf(env.db, agreementId, sessionUid, env.now())
}

/** What counts of a service and its company at the moment of use. */
export type Statuses = queries.StandingFacts['statuses']

/** Services whose consent is in force, asleep or paused: what closing the account withdraws. */
export function servicesToStop(env: Env, residentId: string): Promise<string[]> {
  return store.servicesToStop(env.db, residentId, env.now())
}

export { change, pause, withdraw, withdrawAll, withdrawForClosing } from './ending.ts'
export { endedByService, grantOf, type GrantSeen } from './by_service.ts'
export { withdrawOnRequest } from './on_request.ts'
export { answerDeletion, deletionOf, deletionsOf, deletionTasks } from './deletions.ts'
export { deletionState } from './deletion_model.ts'
export type { AnswerAsked, DeletionRequest } from './deletion_model.ts'
export { receiptFiles } from './letters.ts'
export { askedAgain } from './again.ts'
export { changedValues, recordShowing } from './showing.ts'

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
  const asksSince = env.templates.asksSince(offer.template)
  return { reason: reasonToAsk(last, offer, provision, at, differ, asksSince), last, provision }
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
    await closeGate(env.db, answer.resident.id)
    const shown = await shownToThem(env, answer)
    const answeredAt = later(env.now(), shown.shownAt)
    if (!(await store.answer(env.db, shown.id, 'agree', answeredAt)))
      return alreadyAnswered(env, answer)
    mustStand(answer.offer, env.now())
    if (!isSameOffer(shown.canonical, answer.offer))
      throw new Refusal('wrong_state', { code: 'stale_showing' })
    const resident = await residents.held(env, answer.resident.id)
    if (resident.closesAt) throw new Refusal('wrong_state', { code: 'closing' })
    const items = chosen(answer.offer, resident, picked)
    if (differing(resident, shown, items).length)
      throw new Refusal('wrong_state', { code: 'stale_showing' })
    const provision = await residents.provisionTerms(env, resident.id)
    if (!provision?.given) throw new Refusal('wrong_state', { code: 'provision_off' })
    // Two nodes' clocks may differ: an agreement never begins before the switch it needs was turned on.
    const at = answeredAt > provision.at ? answeredAt : provision.at
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
      items: items.map(agreedOf),
      declined: declinedNow(answer.offer, items, last?.consent.declined ?? []),
      endsAt: new Date(ends_at),
      deletionRequested: false,
    }
    await write(env, resident, consent)
    if (consent.kind === 'given')
      await plan(env, { residentId: resident.id, agreementId: agreement.id, at })
    await tellAgreed(env, resident, consent)
    return consent
  })
}

const agreedOf = ({ item, itemVersion, purposes, required, bounds }: ServiceItem): AgreedItem => ({
  item,
  itemVersion,
  purposes,
  required,
  ...(bounds && { bounds }),
})

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
function chosen(offer: Offer, resident: Resident, picked: readonly string[]): ServiceItem[] {
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
