/** Who would be asked again if a service became what a proposal says: the rules of the screen itself, counted (A3). */
import type { Env } from '../env.ts'
import { consentText, type ServiceNow } from '../services/model.ts'
import { offerOf, reasonToAsk, type AskReason, type Consent, type Standing } from './model.ts'
import * as queries from './queries.ts'

export type Again = {
  /** Residents with a consent in force. */
  inForce: number
  /** Those of them who would be asked at their next sign-in, were everything asked for. */
  again: number
  reasons: AskReason[]
}

/**
 * @param proposed the service as it would be
 * @param at when, within the term of its contract
 */
export async function askedAgain(env: Env, proposed: ServiceNow, at: Date): Promise<Again> {
  const alike = await queries.inForceAlike(env.db, proposed.service.id, env.now())
  const template = env.templates.inForce(consentText(proposed, env.config.installation), env.now())
  const asked = proposed.version.items.map(({ item }) => item)
  const offer = offerOf(proposed, asked, template, at)
  const since = env.templates.asksSince(template)
  const found: Again = { inForce: 0, again: 0, reasons: [] }
  for (const { residents, ...consent } of alike) {
    found.inForce += residents
    const last = standingOf(consent, at)
    const reason = reasonToAsk(last, offer, { given: true, at }, at, false, since)
    if (!reason) continue
    found.again += residents
    if (!found.reasons.includes(reason)) found.reasons.push(reason)
  }
  return found
}

/** A consent in force that says this; everything else of it does not decide. */
function standingOf(says: Omit<queries.Alike, 'residents'>, at: Date): Standing {
  const agreement = { startedAt: at, endedAt: null } as Standing['agreement']
  const consent = { ...says, endsAt: new Date(at.getTime() + 1) } as Consent
  return { agreement, consent }
}
