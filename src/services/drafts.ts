/** What staff do to a service before anybody examines it: draft, change part by part, submit, take back. */
import type { Json } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Fault } from '../input/faults.ts'
import { isUuid } from '../input/ids.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { isOpen, type Proposal, type Turn } from '../reviews/model.ts'
import { byId, listOf } from './actions.ts'
import { draftFaults, partFaults, wholeFaults } from './draft_rules.ts'
import { draftSchema, PARTS, type Part, type PartialDraft } from './draft_schema.ts'
import { askedIn, isKeyTaken, lockSubject } from './draft_store.ts'
import { clientIdOf } from './kept.ts'
import type { ServiceNow } from './model.ts'

/** Who writes: staff at the portal, or a program they answer for. */
export type Author = Person & { memberId: string }

/** A service as its company meets it: what is in force, and what is on its way. */
export type Mine = {
  serviceId: string
  /** Undefined until a first version was approved. */
  now: ServiceNow | undefined
  /** The draft on its way, or the newest one that was refused or taken back where nothing else is there. */
  proposal: Proposal | undefined
  /** What the page shows: the draft on its way, else what is in force. */
  asked: PartialDraft
}

/** Every service and draft of a company, the newest change first. */
export async function ofCompany(env: Env, memberId: string): Promise<Mine[]> {
  const proposals = await reviews.list(env, { kinds: ['service'], memberId })
  const drafted = proposals.flatMap(({ subjectId }) => (subjectId ? [subjectId] : []))
  const known = await listOf(env, memberId, drafted)
  const services = known.filter(({ service }) => service.memberId === memberId)
  const foreign = new Set(
    known.flatMap(({ service }) => (service.memberId === memberId ? [] : [service.id])),
  )
  const ids = new Set([...drafted, ...services.map(({ service }) => service.id)])
  return [...ids].flatMap((serviceId) => {
    if (foreign.has(serviceId)) return []
    const now = services.find(({ service }) => service.id === serviceId)
    const found = mineOf(serviceId, now, proposals)
    return found ? [found] : []
  })
}

/** One of them. @throws Refusal not_found, the same for what is another company's and what is nobody's (J2) */
export async function mine(env: Env, serviceId: string, memberId: string): Promise<Mine> {
  if (!isUuid(serviceId)) throw new Refusal('not_found')
  const proposals = await reviews.list(env, { kinds: ['service'], memberId, subjectId: serviceId })
  const service = await byId(env, serviceId)
  const isOwn = service?.service.memberId === memberId && service.service.side !== 'test'
  if (service && !isOwn) throw new Refusal('not_found')
  const found = mineOf(serviceId, isOwn ? service : undefined, proposals)
  if (!found) throw new Refusal('not_found')
  return found
}

function mineOf(
  serviceId: string,
  now: ServiceNow | undefined,
  proposals: readonly Proposal[],
): Mine | undefined {
  const about = proposals.filter(({ subjectId }) => subjectId === serviceId)
  const open = about.find(isOpen)
  const proposal = open ?? (now ? undefined : about[0])
  if (proposal) return { serviceId, now, proposal, asked: askedIn(proposal.body) }
  return now && { serviceId, now, proposal: undefined, asked: askedOf(now) }
}

/** The draft staff may write in now; a submitted one must be taken back first. */
export function writable({ proposal }: Mine): Proposal | undefined {
  return proposal?.state === 'draft' || proposal?.state === 'returned' ? proposal : undefined
}

/** A live service's newest version as the beginning of the next one. */
function askedOf({ service, version, contract }: ServiceNow): PartialDraft {
  const { id: _id, version: _version, items, ...body } = version
  const { applicationType, redirectUris, postLogoutRedirectUris, landingOrigins, ...rest } = body
  const { idTokenAlg, secretReason, backchannelLogoutUri, eventsUri, ...about } = rest
  const key = service.clientId.replace(/-[0-9a-f]{12}$/, '').toLowerCase()
  const client = {
    applicationType,
    authMethod: service.authMethod,
    ...(service.jwks?.keys.length && { jwks: service.jwks }),
    redirectUris,
    postLogoutRedirectUris,
    landingOrigins,
    idTokenAlg,
    ...(secretReason && { secretReason }),
    ...(backchannelLogoutUri && { backchannelLogoutUri }),
    ...(eventsUri && { eventsUri }),
  }
  const asked = {
    ...about,
    key: /^[a-z][a-z0-9-]{0,39}$/.test(key) ? key : 'service',
    contract: contract.number,
    kind: service.kind,
    client,
    items: items.map(({ itemVersion: _of, bounds: _bounds, ...item }) => item),
  }
  return asked as PartialDraft
}

/**
 * Begins the draft of a new service, with as much of it as is written.
 *
 * @throws Refusal invalid_input with `faults` by place: nothing is kept then
 */
export function begin(env: Env, given: Omit<PartialDraft, 'kind'>, by: Author): Promise<Proposal> {
  return atomically(env, async (env) => {
    const { memberId } = by
    const member = await members.byId(env, memberId)
    if (!member) throw new Refusal('not_found')
    const serviceId = env.newId()
    const asked: PartialDraft = { ...given, kind: 'third_party' }
    const owner = { memberId, serviceId }
    const faults: Fault[] = await draftFaults(env, asked, owner)
    if (!new RegExp(draftSchema.properties.key.pattern).test(asked.key) || asked.key.length > 40)
      faults.push({ path: '/key', rule: 'key_pattern' })
    const clientId = clientIdOf(member.corporateNumber, asked.key)
    if (await isKeyTaken(env.db, { clientId, key: asked.key, memberId }))
      faults.push({ path: '/key', rule: 'key_taken' })
    if (!asked.names) faults.push({ path: '/names/ja', rule: 'required' })
    refuse(faults)
    const body = { asked: asked as unknown as Json }
    return reviews.draft(env, { kind: 'service', subjectId: serviceId, memberId, body, by })
  })
}

/** Begins the next version of a service from the one in force. @throws Refusal not_found, wrong_state */
export function next(env: Env, serviceId: string, by: Author): Promise<Proposal> {
  return atomically(env, async (env) => {
    const { memberId } = by
    await lockSubject(env.db, serviceId)
    const { now, proposal } = await mine(env, serviceId, memberId)
    if (!now || proposal || now.service.status === 'ended') throw new Refusal('wrong_state')
    const body = { asked: askedOf(now) as unknown as Json }
    return reviews.draft(env, { kind: 'service', subjectId: serviceId, memberId, body, by })
  })
}

export type PartGiven = {
  serviceId: string
  part: Part
  given: Partial<PartialDraft>
  /** The revision the form was drawn from. */
  hash: string
}

/**
 * Writes one part of a draft; the others stay. What the review said of it is kept aside, and counts no more.
 *
 * @throws Refusal invalid_input with `faults` by place, changed_meanwhile, wrong_state, not_found
 */
export function savePart(env: Env, asked: PartGiven, by: Author): Promise<Proposal> {
  const { serviceId, part, given, hash } = asked
  return atomically(env, async (env) => {
    const found = await mine(env, serviceId, by.memberId)
    const proposal = writable(found)
    if (!proposal) throw new Refusal('wrong_state')
    const kept = Object.entries(found.asked).filter(([field]) => !isOf(part, field))
    const whole = { ...Object.fromEntries(kept), ...given } as PartialDraft
    refuse(await partFaults(env, whole, { memberId: by.memberId, serviceId }, part))
    return writeAsked(env, proposal, whole, { hash, by })
  })
}

const isOf = (part: Part, field: string) => (PARTS[part] as readonly string[]).includes(field)

/**
 * Writes all of a draft anew but its key and kind. What is missing may follow until it is handed in.
 *
 * @throws Refusal invalid_input with `faults` by place, changed_meanwhile, wrong_state, not_found
 */
export function replace(
  env: Env,
  { serviceId, hash, draft }: Seen & { draft: Omit<PartialDraft, 'key' | 'kind'> },
  by: Author,
): Promise<Proposal> {
  return atomically(env, async (env) => {
    const found = await mine(env, serviceId, by.memberId)
    const proposal = writable(found)
    if (!proposal) throw new Refusal('wrong_state')
    const { key, kind } = found.asked
    const whole = { ...draft, key, kind }
    refuse(await draftFaults(env, whole, { memberId: by.memberId, serviceId }))
    return writeAsked(env, proposal, whole, { hash, by })
  })
}

/** Writes what is asked for as a new revision; the review's words go to `earlier`, so that the company still sees them. */
export function writeAsked(
  env: Env,
  { id, body }: Proposal,
  asked: PartialDraft,
  { hash, by }: { hash: string; by: Author },
): Promise<Proposal> {
  const earlier = body['results'] ?? body['earlier']
  const next = { asked: asked as unknown as Json, ...(earlier !== undefined && { earlier }) }
  const kind = body['kind']
  return reviews.edit(env, {
    id,
    hash,
    by,
    body: { ...next, ...(kind !== undefined && { kind }) },
  })
}

/** What keeps a draft from being submitted, by place; empty when nothing does. */
export async function missing(env: Env, found: Mine, memberId: string): Promise<Fault[]> {
  return wholeFaults(env, found.asked, { memberId, serviceId: found.serviceId })
}

type Seen = { serviceId: string; hash: string }

/** Hands a draft to the consortium. @throws Refusal invalid_input with every fault, changed_meanwhile, wrong_state */
export function submit(env: Env, { serviceId, hash }: Seen, by: Author): Promise<Proposal> {
  return atomically(env, async (env) => {
    const found = await mine(env, serviceId, by.memberId)
    const proposal = writable(found)
    if (!proposal) throw new Refusal('wrong_state')
    if (proposal.hash !== hash) throw new Refusal('changed_meanwhile')
    refuse(await missing(env, found, by.memberId))
    return reviews.submit(env, { id: proposal.id, hash, by })
  })
}

/** Takes a submitted draft back to write in it again: what was said of it is void (J4). */
export function recall(env: Env, { serviceId, hash }: Seen, by: Author): Promise<Proposal> {
  return atomically(env, async (env) => {
    const { proposal, asked } = await mine(env, serviceId, by.memberId)
    if (proposal?.state !== 'submitted' && proposal?.state !== 'proposed')
      throw new Refusal('wrong_state')
    return writeAsked(env, proposal, asked, { hash, by })
  })
}

/** Throws a draft away; the service itself, where there is one, stays as it is. */
export function discard(env: Env, { serviceId, hash }: Seen, by: Author): Promise<Proposal> {
  return atomically(env, async (env) => {
    const { proposal } = await mine(env, serviceId, by.memberId)
    if (!proposal || !isOpen(proposal)) throw new Refusal('wrong_state')
    return reviews.withdraw(env, { id: proposal.id, hash, by })
  })
}

/** What was approved last of a service: its results and words stay with the company (S-19). */
export async function approvedLast(
  env: Env,
  serviceId: string,
  memberId: string,
): Promise<Proposal | undefined> {
  const asked = {
    kinds: ['service'],
    states: ['approved'],
    memberId,
    subjectId: serviceId,
  } as const
  return (await reviews.list(env, asked))[0]
}

/** Every turn the drafts of a service took, the newest first. */
export async function history(env: Env, serviceId: string, memberId: string): Promise<Turn[]> {
  const all = await reviews.list(env, { kinds: ['service'], memberId, subjectId: serviceId })
  const turns = await Promise.all(all.map(({ id }) => reviews.turns(env, id)))
  return turns.flat().sort((a, b) => b.at.getTime() - a.at.getTime())
}

/** @throws Refusal invalid_input; `fields` by JSON Pointer */
function refuse(faults: readonly Fault[]): void {
  if (!faults.length) return
  const fields = Object.fromEntries(faults.toReversed().map(({ path, rule }) => [path, rule]))
  throw new Refusal('invalid_input', { fields, faults })
}
