/** A service begins and ends by its company's own hand: only what was approved, and only while everything stands (I-11, S-19). */
import * as audit from '../audit/actions.ts'
import * as turns from '../database/turns.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import * as notices from '../notices/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { ServiceNow } from './model.ts'
import * as queries from './queries.ts'
import { missingClauses } from './review_model.ts'
import * as store from './review_store.ts'

/** What still keeps an approved service from going live; each has its words in `t.reviewing.life.missing`. */
export type Lack = 'company' | 'contract' | 'clauses' | 'key' | 'secret' | 'items' | 'addresses'

/** Everything that must stand at the moment of going live, on the record as it is now (J8). */
export async function lacksOf(env: Env, now: ServiceNow): Promise<Lack[]> {
  const { service, member, contract, version } = now
  const at = env.now()
  const [latest] = await store.approvals(env.db, service.id)
  const secret = service.authMethod === 'client_secret_basic'
  const lacks: [Lack, boolean][] = [
    ['company', member.status !== 'active'],
    ['contract', at < contract.startsAt || contract.endsAt <= at],
    ['clauses', !latest || missingClauses(latest.clauses).length > 0],
    ['key', service.authMethod === 'private_key_jwt' && !service.jwks?.keys.length],
    ['secret', secret && !(await store.secretIssuedAt(env.db, service.id))],
    ['addresses', version.redirectUris.length === 0],
    ['items', !version.items.some(({ item }) => item === 'user_id')],
  ]
  return lacks.flatMap(([lack, is]) => (is ? [lack] : []))
}

export type Asked = { serviceId: string; memberId: string; by: Person }

/** The company's own service, held with its status. @throws Refusal not_found, the same for what is another's */
async function held(env: Env, { serviceId, memberId }: Asked) {
  const now = await queries.byId(env.db, serviceId, env.now())
  if (now?.service.memberId !== memberId || now.service.side === 'test')
    throw new Refusal('not_found')
  const of = { id: serviceId, at: env.now(), changeId: env.newId() }
  const status = await turns.holdStatus(env.db, turns.SERVICES, of)
  if (!status) throw new Refusal('not_found')
  return status
}

/**
 * 公開する: the service may sign residents in from now on.
 *
 * @throws Refusal not_found; wrong_state where it is not approved, or code `not_ready_to_go_live` with `lacks`
 */
export function goLive(env: Env, asked: Asked): Promise<void> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const { status } = await held(env, asked)
    if (status !== 'approved') throw new Refusal('wrong_state')
    const now = await queries.byId(env.db, asked.serviceId, env.now())
    const lacks = now ? await lacksOf(env, now) : []
    if (lacks.length) throw new Refusal('wrong_state', { code: 'not_ready_to_go_live', lacks })
    await turnTo(env, asked, { before: status, after: 'live', act: 'services.go_live' })
  })
}

/**
 * 終了する: for good. Its tokens die at their next use; consents stay as records, residents are told by mail.
 *
 * @throws Refusal not_found; wrong_state where it has ended or is suspended, which is the consortium's to lift first
 */
export function end(env: Env, asked: Asked): Promise<void> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const { status } = await held(env, asked)
    if (status !== 'approved' && status !== 'live') throw new Refusal('wrong_state')
    await turnTo(env, asked, { before: status, after: 'ended', act: 'services.end' })
    await env.queue.send(env.db, 'services.tell_of_end', { serviceId: asked.serviceId })
  })
}

async function turnTo(
  env: Env,
  { serviceId, memberId, by }: Asked,
  { before, after, act }: { before: string; after: 'live' | 'ended'; act: string },
): Promise<void> {
  const change = { id: env.newId(), status: after, reason: null, at: env.now() }
  await turns.turn(env.db, turns.SERVICES, serviceId, change)
  await audit.record(env, {
    actor: { kind: 'staff', id: by.id },
    act,
    object: { kind: 'service', id: serviceId },
    details: { member: memberId, before, after },
  })
}

/** Letters laid into the queue in one transaction. */
const AT_ONCE = 100

/** Tells the residents of a service that ended, some at a time, each once however often this runs. */
export function tellOfEnd(env: Env, serviceId: string): Promise<void> {
  return atomically(env, async (env) => {
    const now = await queries.byId(env.db, serviceId, env.now())
    if (now?.service.status !== 'ended') return
    const next = await store.toTellOfEnd(env.db, serviceId, AT_ONCE)
    for (const residentId of next)
      if (await store.noteTold(env.db, { serviceId, residentId, at: env.now() }))
        await tell(env, now, residentId)
    if (next.length === AT_ONCE) await env.queue.send(env.db, 'services.tell_of_end', { serviceId })
  })
}

async function tell(env: Env, { version, member }: ServiceNow, residentId: string): Promise<void> {
  const resident = await residents.find(env, residentId)
  if (!resident) return
  const { language, profile } = resident
  const { desk, phone, email } = version.contact
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'service_ended',
    values: {
      service: version.names[language],
      provider: member.names[language],
      at: words(language).dateTime(env.now()),
      contact: `${desk[language]} ${phone} ${email}`,
      link: `${env.config.issuer}/account/services`,
    },
  })
}
