/** What a service may do about its own agreement with a resident: look at it and end it (ADR 18; part 9 of issue 4). */
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import * as residents from '../residents/actions.ts'
import { withdrawByService } from './ending.ts'
import { isInForce, type Standing } from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/** Whose agreements are meant: what another company agreed with the resident is nobody else's. */
type Whose = { serviceId: string; memberId: string }

export type GrantSeen = Standing & {
  /** The resident's shared user ID. */
  userId: string
  /** When the newest screen of it was answered. */
  answeredAt: Date
  /** What the service received, by item. */
  provided: queries.Provided[]
}

/** The agreement of this id while it yields something; undefined for any other, which all look alike. */
export async function grantOf(
  env: Env,
  whose: Whose,
  agreementId: string,
): Promise<GrantSeen | undefined> {
  const facts = await own(env, whose, agreementId)
  if (!facts || !isInForce(facts.standing, facts.provision, env.now())) return undefined
  const { standing, userId } = facts
  const { residentId } = standing.agreement
  const [provided, answeredAt] = await Promise.all([
    queries.provided(env.db, residentId, standing.consent),
    queries.answeredAt(env.db, agreementId),
  ])
  return { ...standing, userId, provided, answeredAt: answeredAt ?? standing.consent.agreedAt }
}

/**
 * Ends the agreement of this id as if the resident had withdrawn here; the record says that the service did. Repeating
 * changes nothing, and an agreement made since stays: it has another id.
 *
 * @returns false where there is no such agreement of this service
 */
export function endedByService(env: Env, whose: Whose, agreementId: string): Promise<boolean> {
  return atomically(env, async (env) => {
    const facts = await own(env, whose, agreementId)
    if (!facts) return false
    const { residentId, serviceId } = facts.standing.agreement
    await closeGate(env.db, residentId)
    const resident = await residents.find(env, residentId)
    if (!resident) return false
    const last = await store.newest(env.db, residentId, serviceId)
    if (last?.agreement.id === agreementId && mayEnd(last))
      await withdrawByService(env, resident, serviceId)
    return true
  })
}

/** In force, asleep or run out: the withdrawal is recorded. Paused: likewise. Ended otherwise: there is nothing left. */
const mayEnd = ({ agreement }: Standing) =>
  agreement.endedAt === null || agreement.endKind === 'paused'

async function own(env: Env, { serviceId, memberId }: Whose, agreementId: string) {
  if (!isUuid(agreementId)) return undefined
  const facts = await queries.factsOf(env.db, agreementId, null, env.now())
  if (facts?.standing.agreement.serviceId !== serviceId) return undefined
  return facts.standing.consent.memberId === memberId ? facts : undefined
}
